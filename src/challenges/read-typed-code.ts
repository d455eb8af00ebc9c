// Parses a code as people type or paste it, in every unambiguous spelling.
import { decimalValueOf } from '../accounts/look-alikes.js'

/** The form of a code. */
export interface CodeForm {
  /** Digits and capital letters. */
  readonly alphabet: string
  /** In characters. */
  readonly length: number
}

/**
 * Enough for a code with a separator after each character; longer input is refused before any work. In UTF-16 units.
 */
const longest = 100

/**
 * White space, dashes, invisible characters, and characters that look like dashes (U+30FC is typed by Japanese
 * keyboards).
 */
const separators = /[\p{White_Space}\p{Dash}\p{Default_Ignorable_Code_Point}\p{Format}\u02d7\u2043\u30fc]/gu

/** Capitals of other alphabets, each followed by the Latin capital that looks the same. */
const latinCapitals = new Map(
  'АA СC ЕE НH ЈJ КK МM РP ԚQ ТT ԜW ХX УY ΑA ΕE ΗH ΚK ΜM ΝN ΡP ΤT ΧX ΥY'
    .split(' ')
    .map(([letter = '', latin = '']) => [letter, latin]),
)

const plain = (character: string): string =>
  /\p{Decimal_Number}/u.test(character)
    ? String(decimalValueOf(character))
    : (latinCapitals.get(character) ?? character)

/** The code in `raw`, in capitals without separators; null for another length or an invalid character. */
export const readTypedCode = (raw: string, { alphabet, length }: CodeForm): string | null => {
  if (raw.length > longest) return null
  const letters = raw.normalize('NFKC').replace(separators, '').toUpperCase()
  const code = [...letters].map(plain).join('')
  return code.length === length && [...code].every((character) => alphabet.includes(character)) ? code : null
}
