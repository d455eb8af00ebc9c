// Text that people see: what any language needs is taken, what deceives or does not show is refused.
import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { parseShownText, shownTextOf } from '../../../src/text/shown-text.js'

const parse = (raw: string | null) => parseShownText(raw, 'label')

const refusalOf = (raw: string): Failure => {
  try {
    parse(raw)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error(`${JSON.stringify(raw)} was taken`)
}

describe('is taken as it is', () => {
  test.each([
    ['English', "Ada Lovelace's laptop (new) #2 <3"],
    ['German', 'Jürgen Größe'],
    ['Vietnamese', 'Nguyễn Thị Minh Khai'],
    ['Yoruba, with marks that have no composed form', 'Ọlọ́run ń ṣe é'],
    ['Greek with breathings', 'ᾠδεῖον Ἀθηνᾶ'],
    ['Russian', 'Йошкин кот'],
    ['Arabic with vowels', 'مُحَمَّدٌ'],
    ['Persian with a joiner', 'می‌روم خانه‌ها'],
    ['Hebrew with points', 'שָׁלוֹם'],
    ['Hindi', 'हिन्दी क्षत्रिय'],
    ['Hindi with a joiner', 'क्‍ष'],
    ['Malayalam with a letter made by a joiner', 'അവന്‍'],
    ['Sinhala', 'ශ්‍රී ලංකා'],
    ['Burmese with five marks on one letter', 'လျှို့ဝှက်'],
    ['Thai', 'น้ำใจ'],
    ['Tibetan', 'ཧཱུྃ'],
    ['Khmer', 'ស្ត្រី'],
    ['Mongolian', 'ᠮᠣᠩᠭᠣᠯ᠋'],
    ['Chinese', '王小明'],
    ['Japanese with its own space', '山田　太郎'],
    ['Japanese with a selected form', '葛\u{e0100}城'],
    ['Korean', '홍길동'],
    ['mathematics', '∑ x² ≠ ½'],
    ['an emoji', '🙂'],
    ['emoji with skin tones', '👍🏽 👩🏾‍🔬'],
    ['a heart in colour', '❤️ and ♥︎'],
    ['families', '👨‍👩‍👧‍👦 🧑🏽‍❤️‍💋‍🧑🏿'],
    ['flags', '🇩🇪 🏳️‍🌈 🏴‍☠️ 🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['keycaps', '1️⃣ #️⃣'],
    ['an emoji that is younger than we are', '🫩'],
    ['ideographs that are younger than we are', '\u{323b0}'],
    ['100 letters', 'x'.repeat(100)],
    ['100 letters with marks', 'e\u0323\u0302'.normalize('NFC').repeat(100)],
    ['100 flags', '🇩🇪'.repeat(100)],
  ])('%s', (_what, text) => {
    expect(parse(text)).toBe(text)
    expect(shownTextOf(text, 1_000)).toBe(text)
  })
})

describe('is written in one way', () => {
  test.each([
    ['blanks around it', ' \t\n\u00a0\u3000Ada\u2003\u2028\ufeff ', 'Ada'],
    ['padding inside', `Ada${' '.repeat(40)}admin\u00a0\u00a0\u2003x`, 'Ada admin x'],
    ['blank Braille', '\u2800\u2800Ada\u2800\u2800x\u2800', 'Ada x'],
    ['decomposed letters', 'Ju\u0308rgen', 'J\u00fcrgen'],
    ['nothing', '', null],
    ['blanks alone', ' \u00a0\u2003\u2800\u3000', null],
  ])('%s', (_what, raw, text) => {
    expect(parse(raw)).toBe(text)
  })

  test('nothing is nothing', () => {
    expect([parse(null), parseShownText(undefined, 'label')]).toEqual([null, null])
  })
})

describe('is refused', () => {
  test.each([
    ['fifteen spaces of no width', '\u200b'.repeat(15)],
    ['a space of no width in a name', 'Ada\u200b'],
    ['a Hangul filler', '\u3164'],
    ['fillers of every kind', 'a\u115f'],
    ['a halfwidth filler', '\uffa0'],
    ['a soft hyphen', 'Ada\u00ad'],
    ['a word joiner', 'A\u2060da'],
    ['a joiner between Latin letters', 'A\u200dda'],
    ['a joiner at the end of a Persian word', 'می\u200c'],
    ['two joiners', 'می\u200c\u200cروم'],
    ['an emoji that joins nothing', '🙂\u200d'],
    ['tags without a flag', 'Ada\u{e0041}\u{e0064}\u{e0061}'],
    ['a page of tags behind a flag', `\u{1f3f4}${'\u{e0061}'.repeat(40)}\u{e007f}`],
    ['a selector without its character', 'A\ufe0f'],
    ['selectors in a row', `葛${'\u{e0100}'.repeat(3)}`],
    ['a right-to-left override', 'Ada\u202egrO'],
    ['an isolate', '\u2066Ada'],
    ['a right-to-left mark', 'Ada\u200f'],
    ['a line break', 'Ada\nBcc'],
    ['a line separator', 'Ada\u2028Bcc'],
    ['a tabulator', 'Ada\tBcc'],
    ['a zero byte', 'Ada\0'],
    ['an escape sequence', '\u001b[31mred'],
    ['a control of Latin-1', 'a\u0085b'],
    ['half a surrogate pair', '\ud800'],
    ['halves in the wrong order', 'a\udc00\ud800b'],
    ['a character for lost text', 'Ada\ufffd'],
    ['a place for an object', 'Ada\ufffc'],
    ['a private character', '\uf8ff'],
    ['no character', '\uffff'],
    ['a note without a head', '\u{1d159}'],
    ['a blank hieroglyph', '\u{13441}'],
    ['a hundred marks on one letter', `A${'\u0301'.repeat(100)}`],
    ['four accents on one letter', 'x\u0301\u0302\u0303\u0304'],
    ['a tower of marks of one script', `ก${'\u0e47'.repeat(7)}`],
    ['a mark without a letter', '\u0301Ada'],
    ['101 letters', 'x'.repeat(101)],
    ['101 flags', '🇩🇪'.repeat(101)],
    ['families of more than a kilobyte', '👨‍👩‍👧‍👦'.repeat(50)],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['a megabyte of blanks', `x${' '.repeat(1_000_000)}x`],
  ])('%s, with the field', (_what, raw) => {
    const refusal = refusalOf(raw)
    expect([refusal.code, refusal.details.field]).toEqual(['BAD_USER_INPUT', 'label'])
    expect(refusal.message).toMatch(/^label must /)
    // What a machine sends is cleaned instead, and then has nothing to refuse.
    const cleaned = shownTextOf(raw, 100)
    expect(parse(cleaned)).toBe(cleaned)
  })
})

describe('what a machine sent', () => {
  test.each([
    ['stays as it is', 'curl/8.5.0', 'curl/8.5.0'],
    ['loses what does not show', 'curl\u200b8\u202e\u0000x', 'curl 8 x'],
    ['loses its control characters', 'curl\n8\u001b[2J', 'curl 8 [2J'],
    ['loses halves of characters', 'a\ud800b', 'a b'],
    ['is nothing where nothing is left', '\u202e\u061c\u0301', null],
    ['is cut', 'a'.repeat(300), 'a'.repeat(256)],
    ['is cut between characters', `${'a'.repeat(255)}🇩🇪🇩🇪`, `${'a'.repeat(255)}🇩🇪`],
  ])('%s', (_what, raw, text) => {
    expect(shownTextOf(raw, 256)).toBe(text)
  })
})
