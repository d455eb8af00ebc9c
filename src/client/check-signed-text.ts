// Checks a text before a key signs it, so that a server that relays another server's challenge gets no signature.

import type { ServerIdentity } from './discovery.js'
import { isSameHandle } from './handle-spelling.js'
import { isHostOf, isSameOrigin } from './server-origin.js'
import { readSignedFields, seen, wrongText } from './signed-fields.js'

/** The request and its server. The text must name exactly these. */
export interface SigningRequest {
  readonly server: ServerIdentity
  readonly purpose: string
  /** Base64 of the 32 public bytes. */
  readonly publicKey: string
  /** Null if none was requested. */
  readonly handle: string | null
}

/** Throws `WRONG_CHALLENGE`, with the differences in the message, unless the text names what was requested. */
export const checkSignedText = (text: string, request: SigningRequest): void => {
  const { reachedAt, issuer } = request.server
  if (!isSameOrigin(issuer, reachedAt)) throw wrongText([`the server at ${reachedAt} calls itself ${issuer}`])
  const fields = readSignedFields(text, 'your Ed25519 key')
  const faults = [
    isHostOf(fields.get('Domain') ?? null, reachedAt)
      ? null
      : `it names ${seen('server', fields.get('Domain'))}, not ${new URL(reachedAt).host}`,
    fields.get('Purpose') === request.purpose
      ? null
      : `it names ${seen('purpose', fields.get('Purpose'))}, not ${request.purpose}`,
    fields.get('Public key') === request.publicKey
      ? null
      : `it names ${seen('key', fields.get('Public key'))}, not ${request.publicKey}`,
    isSameHandle(fields.get('Handle') ?? null, request.handle)
      ? null
      : `it names ${seen('handle', fields.get('Handle'))}, not ${request.handle ?? 'none'}`,
  ].filter((fault) => fault !== null)
  if (faults.length > 0) throw wrongText(faults)
}
