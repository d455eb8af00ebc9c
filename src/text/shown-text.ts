// Text that people see: names, labels, reasons. A parser for text that people typed, a cleaner for text that programs sent.
import { Failure } from '../failure.js'

/** Longest text, in grapheme clusters (UAX 29): one line of a list. */
const longest = 100
/** Longest text in bytes of UTF-8: enough for 100 characters of any script; an emoji can take 35. */
const mostBytes = 1_024

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Printable ASCII, which is most text and needs no further checks. */
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

/** Scripts whose spelling needs joiners, for example Persian, Sinhala and Malayalam (RFC 5892 A.1). */
const joined = `[[\\p{Letter}\\p{Mark}]&&[${[
  'Arabic Syriac Mongolian Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala',
  'Khmer Myanmar Tibetan Tai_Tham Limbu Balinese Javanese',
]
  .join(' ')
  .split(' ')
  .map((script) => `\\p{Script=${script}}`)
  .join('')}]]`

/** Ignorable characters in the positions where a script needs them: joiners and variation selectors. */
const needed = [
  `(?<=${joined})[\\u200c\\u200d](?=${joined})`,
  // At the end of a word, a joiner that forms a letter follows a virama.
  `(?<=[\\p{Mark}&&${joined}])\\u200d`,
  String.raw`(?<=\p{Script=Mongolian})[\u180b-\u180f]`,
  String.raw`(?<=[\p{Script=Han}\p{Script=Myanmar}])[\ufe00-\ufe02\u{e0100}-\u{e01ef}]`,
]

/** Visible format characters: Arabic, Syriac and Kaithi signs that enclose or precede a number. */
const visibleFormat = String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]`

const allowed = [...emoji, ...needed, visibleFormat].join('|')
const allAllowed = new RegExp(allowed, 'gv')

/**
 * Invisible characters, characters that change the direction or position of text around them, and characters that
 * differ between fonts. U+FFFC and U+FFFD replace lost text; U+1D159 is an empty note head, U+13441 and U+13442 are
 * blank hieroglyphs.
 */
const forbidden =
  /[\p{Control}\p{Format}\p{Surrogate}\p{Private_Use}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Line_Separator}\p{Paragraph_Separator}\ufffc\ufffd\u{1d159}\u{13441}\u{13442}]/gv

/** The same as `forbidden`, with what is allowed in a group of its own. */
const allowedOrForbidden = new RegExp(`(${allowed})|${forbidden.source}`, 'gv')

/**
 * Too many marks on one letter, which would cover the lines around it. Scripts need up to five marks of their own
 * (Burmese), and up to three of the accents for all scripts.
 */
const tower = /\p{Mark}{7,}|\p{Script=Inherited}{4,}/gu

/** A mark at the beginning, which would combine with whatever is shown before the text. */
const bareMark = /^\p{Mark}+/u

/** Runs of spaces, which are replaced by one. Line breaks inside a text are refused. */
const spaces = /\p{Space_Separator}{2,}/gu

/** The blank Braille pattern (U+2800) counts as a space. */
const trimmed = (text: string): string => text.replaceAll('\u2800', ' ').trim().replace(spaces, ' ')

/** True if the text has at most `most` grapheme clusters. */
const fits = (text: string, most: number): boolean => {
  if (text.length <= most) return true
  let count = 0
  for (const _ of graphemes.segment(text)) if (++count > most) return false
  return true
}

/** The beginning of a text: at most `most` grapheme clusters, within the limit in bytes. */
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

/** Uses `search`, because `test` of a global expression continues at its last position. */
const has = (text: string, expression: RegExp): boolean => text.search(expression) !== -1

/**
 * A typed text in NFC, trimmed and with single spaces inside; null for an empty one. Throws `BAD_USER_INPUT` naming
 * `field`.
 */
export const parseShownText = (raw: string | null | undefined, field: string): string | null => {
  const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field })
  const tooLong = `${field} must be at most ${longest} characters, and ${mostBytes} bytes.`
  // Limits the work. NFC never makes a text three times shorter.
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
 * A text from a program, cleaned: characters that `parseShownText` refuses become spaces, and it is cut at `most`
 * grapheme clusters. Null if nothing is left.
 */
export const shownTextOf = (raw: string, most: number): string | null => {
  if (plain.test(raw)) return raw.slice(0, most).trim() || null
  // Limits the work; a grapheme cluster takes at most 35 bytes.
  const text = raw
    .slice(0, most * 8)
    .toWellFormed()
    .normalize('NFC')
  const kept = text.replace(allowedOrForbidden, (_found, needed: string | undefined) => needed ?? ' ')
  const cleaned = trimmed(kept.replace(tower, '')).replace(bareMark, '')
  return cutAt(cleaned, most).trim() || null
}
