// Checks a text before a device signs it, so that it confirms no reset of another account or at another server.

import type { ServerIdentity } from './discovery.js'
import { isHostOf, isSameOrigin } from './server-origin.js'
import { readSignedFields, seen, wrongText } from './signed-fields.js'

/** The reset that was asked for, and its server. The text must name exactly these. */
export interface ResetSigning {
  readonly server: ServerIdentity
  /** In any spelling. */
  readonly address: string
}

/** Throws `WRONG_CHALLENGE`, with the differences in the message, unless the text names what was asked for. */
export const checkResetText = (text: string, { server, address }: ResetSigning): void => {
  const { reachedAt, issuer } = server
  if (!isSameOrigin(issuer, reachedAt)) throw wrongText([`the server at ${reachedAt} calls itself ${issuer}`])
  const fields = readSignedFields(text, 'the key of a registered device')
  const named = fields.get('Address')
  const faults = [
    isHostOf(fields.get('Domain') ?? null, reachedAt)
      ? null
      : `it names ${seen('server', fields.get('Domain'))}, not ${new URL(reachedAt).host}`,
    fields.get('Purpose') === 'RESET_PASSWORD'
      ? null
      : `it names ${seen('purpose', fields.get('Purpose'))}, not RESET_PASSWORD`,
    named !== undefined && canonical(named) === canonical(address)
      ? null
      : `it names ${seen('address', named)}, not ${address}`,
  ].filter((fault) => fault !== null)
  if (faults.length > 0) throw wrongText(faults)
}

/** In lower case, the domain by A-labels, as the server spells addresses. */
const canonical = (address: string): string => {
  const folded = address.trim().toLowerCase()
  const at = folded.lastIndexOf('@')
  const domain = `http://${folded.slice(at + 1)}`
  return URL.canParse(domain) ? `${folded.slice(0, at)}@${new URL(domain).hostname}` : folded
}
