// Text that people see: names, labels, reasons. One parser for what somebody typed, one cleaner for what a machine sent.
import { Failure } from '../failure.js'

/** More does not fit a line of a list. In characters as people count them (UAX 29, grapheme clusters). */
const longest = 100
/** Room for 100 characters of any script; an emoji can take 35. In bytes of UTF-8. */
const mostBytes = 1_024

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Most text: printable ASCII needs no look at its characters. */
const plain = /^[\x20-\x7e]*$/

/**
 * One emoji (UTS 51 1.4.9): a pictogram with its presentation and skin tone, a family of them, a flag by its region or
 * subdivision, a keycap. It may contain joiners, variation selectors and tags, which nothing else may.
 */
const emojiPart = String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]?\p{Emoji_Modifier}?\ufe0f?`
const emoji = [
  String.raw`\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}`,
  String.raw`${emojiPart}(?:\u200d${emojiPart}){0,4}`,
  String.raw`[#*0-9]\ufe0f?\u20e3`,
]

/** Scripts whose spelling needs joiners: Persian separates by one, Sinhala and Malayalam make letters by one (RFC 5892 A.1). */
const joined = `[[\\p{Letter}\\p{Mark}]&&[${[
  'Arabic Syriac Mongolian Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala',
  'Khmer Myanmar Tibetan Tai_Tham Limbu Balinese Javanese',
]
  .join(' ')
  .split(' ')
  .map((script) => `\\p{Script=${script}}`)
  .join('')}]]`

/** Characters that are ignored elsewhere, where a script needs them: joiners, and selectors of one form of a character. */
const needed = [
  `(?<=${joined})[\\u200c\\u200d](?=${joined})`,
  // A letter that a joiner makes at the end of a word stands behind a mark, the virama.
  `(?<=[\\p{Mark}&&${joined}])\\u200d`,
  String.raw`(?<=\p{Script=Mongolian})[\u180b-\u180f]`,
  String.raw`(?<=[\p{Script=Han}\p{Script=Myanmar}])[\ufe00-\ufe02\u{e0100}-\u{e01ef}]`,
]

/** Format characters that show: Arabic, Syriac and Kaithi signs that enclose or precede a number. */
const visibleFormat = String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]`

const allowed = [...emoji, ...needed, visibleFormat].join('|')
const allAllowed = new RegExp(allowed, 'gv')

/**
 * What nobody sees, what turns or moves the text around it, and what shows something else in each font. U+FFFC and U+FFFD
 * stand for text that was lost; U+1D159 is a note without a head, U+13441 and U+13442 are blank hieroglyphs.
 */
const forbidden =
  /[\p{Control}\p{Format}\p{Surrogate}\p{Private_Use}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Line_Separator}\p{Paragraph_Separator}\ufffc\ufffd\u{1d159}\u{13441}\u{13442}]/gv

/** The same as `forbidden`, with what is allowed in a group of its own. */
const allowedOrForbidden = new RegExp(`(${allowed})|${forbidden.source}`, 'gv')

/**
 * Marks that tower over the lines around them. The words of a script need up to five of their own (Burmese), accents that
 * suit any script up to three.
 */
const tower = /\p{Mark}{7,}|\p{Script=Inherited}{4,}/gu

/** A mark without a letter would stand on what is shown before the text. */
const bareMark = /^\p{Mark}+/u

/** Runs of spaces are padding. A line break is none of them: inside a text it is refused. */
const spaces = /\p{Space_Separator}{2,}/gu

/** The blank of Braille (U+2800) is a space in all but name. */
const trimmed = (text: string): string => text.replaceAll('\u2800', ' ').trim().replace(spaces, ' ')

/** True where the text has at most `most` characters as people count them. */
const fits = (text: string, most: number): boolean => {
  if (text.length <= most) return true
  let count = 0
  for (const _ of graphemes.segment(text)) if (++count > most) return false
  return true
}

/** The beginning of a text: at most `most` characters, and no more bytes than any shown text has. */
const cutAt = (text: string, most: number): string => {
  let [cut, count, bytes] = ['', 0, 0]
  for (const { segment } of graphemes.segment(text)) {
    count += 1
    bytes += Buffer.byteLength(segment)
    if (count > most || bytes > mostBytes) break
    cut += segment
  }
  return cut
}

/** `search` instead of `test`: the expressions are global, and `test` would begin where it last ended. */
const has = (text: string, expression: RegExp): boolean => text.search(expression) !== -1

/**
 * What somebody typed to be shown to people, in NFC, without blanks around it and with single ones inside; null for
 * nothing. Throws `BAD_USER_INPUT` naming `field`.
 */
export const parseShownText = (raw: string | null | undefined, field: string): string | null => {
  const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field })
  const tooLong = `${field} must be at most ${longest} characters, and ${mostBytes} bytes.`
  // A limit before any work; NFC makes no text three times shorter.
  if (raw != null && raw.length > mostBytes * 3) throw refuse(tooLong)
  const text = trimmed((raw ?? '').normalize('NFC'))
  if (!fits(text, longest) || Buffer.byteLength(text) > mostBytes) throw refuse(tooLong)
  if (plain.test(text)) return text === '' ? null : text
  if (has(text.replace(allAllowed, ''), forbidden))
    throw refuse(`${field} must not contain characters that do not show, or that move the text around them.`)
  if (bareMark.test(text) || has(text, tower))
    throw refuse(`${field} must not contain so many accents on one letter, or accents without one.`)
  return text
}

/**
 * What a machine sent, as people may see it: what `parseShownText` refuses becomes a space, and what is too long is cut
 * at `most` characters. Null where nothing is left.
 */
export const shownTextOf = (raw: string, most: number): string | null => {
  if (plain.test(raw)) return raw.slice(0, most).trim() || null
  // Bounded before the work; a character as people count it takes 35 bytes at most.
  const text = raw
    .slice(0, most * 8)
    .toWellFormed()
    .normalize('NFC')
  const kept = text.replace(allowedOrForbidden, (_found, needed: string | undefined) => needed ?? ' ')
  const cleaned = trimmed(kept.replace(tower, '')).replace(bareMark, '')
  return cutAt(cleaned, most).trim() || null
}
