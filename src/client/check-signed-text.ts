// Checks a text before a key signs it, so that a server that relays another server's challenge gets no signature.

import type { ServerIdentity } from './discovery.js'
import { isSameHandle } from './handle-spelling.js'
import { IdemError } from './idem-error.js'
import { isHostOf, isSameOrigin } from './server-origin.js'

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
  if (!isSameOrigin(issuer, reachedAt)) throw wrong([`the server at ${reachedAt} calls itself ${issuer}`])
  const fields = readFields(text)
  if (fields === null) throw wrong(['the text has not the form of a challenge of Idem'])
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
  if (faults.length > 0) throw wrong(faults)
}

/** Many times the length of Idem's texts, in characters. */
const longestText = 4_096
/** Longest quotation from a text, in characters; a key fits. */
const longestQuote = 80

/** Control characters, except the line feed, and bidi characters, which change how lines look. */
const deceptive = /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u
/** A line with the server's name, one that says what the signature does, then the fields. */
const form =
  /^(\S+) asks you to sign this with your Ed25519 key\.\n\n[^\n]+\n\n((?:[A-Z][A-Za-z ]*: [^\n]+\n)+)$/

/** The fields of the text, each once; null for a text of any other form. */
const readFields = (text: string): ReadonlyMap<string, string> | null => {
  if (text.length > longestText || deceptive.test(text)) return null
  const [, domain, lines] = form.exec(`${text}\n`) ?? []
  if (domain === undefined || lines === undefined) return null
  const fields = lines
    .trimEnd()
    .split('\n')
    .map((line): [string, string] => {
      const end = line.indexOf(': ')
      return [line.slice(0, end), line.slice(end + 2)]
    })
  const byName = new Map(fields)
  const isWhole = byName.size === fields.length && (byName.get('Domain') ?? domain) === domain
  return isWhole ? byName : null
}

const seen = (what: string, value: string | undefined): string =>
  value === undefined ? `no ${what}` : `the ${what} ${value.slice(0, longestQuote)}`

const wrong = (faults: readonly string[]): IdemError =>
  new IdemError(
    'WRONG_CHALLENGE',
    `Nothing was signed, for the text to sign is not what was asked for: ${faults.join('; ')}.`,
  )
