// A password: its one spelling, its length, and the pieces by which a guessable one is told.
import { Failure } from '../failure.js'

/** Length in characters (NIST SP 800-63B-4 3.1.1.2: at least 8 beside a second factor, and at least 64 allowed). */
const [shortest, longest] = [8, 256]

/**
 * Normalisation changes the length, so a longer input is refused before it: four UTF-16 units for each character, as
 * many as a letter with its marks has.
 */
const longestInput = longest * 4

const refuse = (sentence: string, field: string): Failure =>
  new Failure('BAD_USER_INPUT', sentence, { field })

/**
 * A password in its one spelling (NFKC, RFC 8265 4.2.2: every space is U+0020), so that another keyboard or system gives
 * the same text. Case and spaces count. Throws `BAD_USER_INPUT` for one that is too long; a short one is a wrong one.
 */
export const readPassword = (raw: string, field: string): string => {
  const tooLong = () => refuse(`A password has at most ${longest} characters.`, field)
  if (raw.length > longestInput) throw tooLong()
  const password = raw.replace(/\p{Space_Separator}/gu, ' ').normalize('NFKC')
  if ([...password].length > longest) throw tooLong()
  return password
}

/** The same for a new password, which must be long enough, and of characters whose spelling will never change. */
export const readNewPassword = (raw: string, field: string): string => {
  const password = readPassword(raw, field)
  if ([...password].length < shortest)
    throw refuse(
      `A password has at least ${shortest} characters. A few words in a row are easy to remember.`,
      field,
    )
  // RFC 8264 4.3: controls and unassigned code points, which a later Unicode could normalise differently.
  if (/[\p{Control}\p{Unassigned}]/u.test(password))
    throw refuse(
      'A password has no control characters, such as tabs, and none that Unicode does not define.',
      field,
    )
  return password
}

/** Without the difference of cases: passwords are compared with lists of guesses in this form only. */
export const foldPassword = (password: string): string => password.toLowerCase().normalize('NFKC')

/** The shortest piece of which a text is a repetition; the text itself if it repeats nothing. */
export const repeatedPiece = (text: string): string => {
  const characters = [...text]
  const size = characters.findIndex(
    (_, position) =>
      position > 0 &&
      characters.length % position === 0 &&
      characters.every((character, index) => character === characters[index % position]),
  )
  return size === -1 ? text : characters.slice(0, size).join('')
}

/** True for a row of neighbours in Unicode, upwards or downwards: `abcdefgh`, `87654321`. */
export const isRow = (text: string): boolean => {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0)
  const steps = new Set(points.slice(1).map((point, index) => point - (points[index] ?? 0)))
  return steps.size === 1 && (steps.has(1) || steps.has(-1))
}
