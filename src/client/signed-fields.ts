// The fields of a text that Idem asks a key to sign, and the error for a text that names anything but what was asked for.

import { IdemError } from './idem-error.js'

/** Many times the length of Idem's texts, in characters. */
const longestText = 4_096
/** Longest quotation from a text, in characters; a key fits. */
const longestQuote = 80

/** Control characters, except the line feed, and bidi characters, which change how lines look. */
const deceptive = /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u
/** A line with the server's name, one that says what the signature does, then the fields. */
const form = /^(\S+) asks you to sign this with ([^\n]+)\.\n\n[^\n]+\n\n((?:[A-Z][A-Za-z ]*: [^\n]+\n)+)$/

/**
 * The fields of a text to sign with `signer`, such as `your Ed25519 key`, each once. Throws `WRONG_CHALLENGE` for a text
 * of any other form.
 */
export const readSignedFields = (text: string, signer: string): ReadonlyMap<string, string> => {
  const fields = text.length > longestText || deceptive.test(text) ? null : fieldsOf(text, signer)
  if (fields === null) throw wrongText(['the text has not the form of a challenge of Idem'])
  return fields
}

const fieldsOf = (text: string, signer: string): ReadonlyMap<string, string> | null => {
  const [, domain, named, lines] = form.exec(`${text}\n`) ?? []
  if (domain === undefined || lines === undefined || named !== signer) return null
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

/** A value of a text for a message, such as `the purpose SIGN_IN`. */
export const seen = (what: string, value: string | undefined): string =>
  value === undefined ? `no ${what}` : `the ${what} ${value.slice(0, longestQuote)}`

/** The error for a text with these differences from what was asked for. */
export const wrongText = (faults: readonly string[]): IdemError =>
  new IdemError(
    'WRONG_CHALLENGE',
    `Nothing was signed, for the text to sign is not what was asked for: ${faults.join('; ')}.`,
  )
