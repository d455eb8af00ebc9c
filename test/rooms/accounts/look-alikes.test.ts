// Handles that would pass for another name: refused, while the names of people in every script in use are not.
import { expect, test } from 'vitest'
import { parseHandle } from '../../../src/accounts/handle.js'

const refusalOf = (handle: string): string | null => {
  try {
    parseHandle(handle)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

test.each([
  ['a dot on an i', 'admi\u0307n'],
  ['a dot on a Turkish capital', 'ADM\u0130N'],
  ['a dot on a j, behind another mark', 'j\u0323\u0307ohn'],
  ['a mark at the start', '\u0301abc'],
  ['a mark behind a separator', 'abc.\u0301d'],
  ['a tower of marks', `abc${'\u0301\u0302'.repeat(30)}`],
  ['three accents', 'abq\u0301\u0302\u0303'],
  ['one mark twice', 'abq\u0301\u0301'],
  ['a keycap', 'ad\u20e3min'],
  ['a circle', 'ad\u20ddmin'],
  ['a stroke through a letter', 'ad\u0336min'],
  ['a slash through a letter', 'ad\u0338min'],
  ['a mark for symbols', 'ad\u20d7min'],
  ['a musical stem', 'ad\u{1d165}min'],
  ['a colon that is a letter', 'ada\u02d0x'],
  ['a digit in a black circle', 'ada\u2776'],
  ['a Hangzhou numeral', 'ada\u3021'],
])('%s is no letter or digit', (_what, handle) => {
  expect(refusalOf(handle)).toMatch(/made of letters and digits/)
})

test.each([
  ['Latin and Armenian', 'admi\u0578'],
  ['Latin and Armenian', 'g\u0585\u0585gle'],
  ['Latin and Lisu', '\ua4eedmin'],
  ['Lisu alone', '\ua4ee\ua4d3\ua4df'],
  ['Cherokee alone', '\u13a0\u13a1\u13a2'],
  ['Latin and Georgian', 'ab\u10d0'],
  ['Hebrew and Arabic', '\u05d0\u05d1\u0627'],
  ['Hangul and Hiragana', '\ud55c\uad6d\u3042'],
  ['Bopomofo and Hiragana', '\u3105\u3106\u3042'],
  ['Latin and Devanagari digits', 'abc\u0966'],
  ['ASCII and Devanagari digits', '\u0915\u09161\u0968'],
  ['both Arabic kinds of digits', '\u0627\u06281\u0661\u06f1'],
  ['both Myanmar kinds of digits', '\u1000\u1001\u1040\u1090'],
  ['digits of two systems that lie back to back', '\u{116d9}\u{116da}\u1000'],
])('%s (%s) are not one alphabet', (_what, handle) => {
  expect(refusalOf(handle)).toBe('A handle keeps to one alphabet.')
})

test.each([
  ['Cyrillic', 'арі'],
  ['Cyrillic', 'һеӏр'],
  ['Cyrillic', 'ѕаӏеѕ'],
  ['Cyrillic capitals', 'ТЕАМ'],
  ['Cyrillic', 'гоот'],
  ['Greek', 'αρι'],
  ['small capitals', 'ᴀᴅᴍɪɴ'],
  ['a dotless i', 'adm\u0131n'],
  ['a single-storey a', '\u0251dmin'],
  ['a click letter', '\u01c0ogin'],
  ['digits', 'r00t'],
  ['digits', 'sa1es'],
  ['r and n', 'adrnin'],
  ['two v', 'vvebmaster'],
  ['a Hangul vowel', 'he\u3163p'],
  ['an ideographic zero', 'r\u3007\u3007t'],
  ['a Katakana length mark', 'well\u30fcknown'],
  ['an ideograph', 'he\u4e28p'],
])('%s that look like a reserved name (%s) are reserved too', (_what, handle) => {
  expect(refusalOf(handle)).toBe('This handle is reserved. Pick another one.')
})

test.each([
  ['Vietnamese', 'nguyễn.văn'],
  ['Yoruba', 'ọ̀ṣun'],
  ['Hindi with three marks on a letter', 'चीज़ें'],
  ['Hindi with its digits', 'कमल१२'],
  ['Burmese', 'ကျွန်ုပ်'],
  ['Thai', 'น้ำตาล'],
  ['Khmer', 'ស្ត្រី'],
  ['Tibetan', 'བཀྲ་ཤིས'.replace('་', '.')],
  ['Tamil', 'தமிழ்'],
  ['vowelled Arabic', 'مُحَمَّد'],
  ['Hebrew', 'דוד-המלך'],
  ['Persian with its digits', 'علی۱۲'],
  ['Japanese', '東京タワーのabc'],
  ['Chinese with Latin', '李小龙bruce'],
  ['Chinese with Bopomofo', '李小ㄌㄨㄥ'],
  ['Korean with Hanja', '金김철수kim'],
  ['Ukrainian', 'їжак_2'],
  ['Greek', 'οδυσσεύς'],
  ['Armenian', 'արմեն'],
  ['Georgian', 'გიორგი'],
  ['Amharic', 'አበበ'],
  ['a Han zero', '二〇二四'],
  ['ordinary Latin', 'adele'],
])('a name in %s is fine (%s)', (_what, handle) => {
  expect(refusalOf(handle)).toBeNull()
})

test('long inputs are refused at once', () => {
  const started = performance.now()
  for (const filler of ['a', '\u0301', 'i\u0307', 'a.', '\ufdfa', '\u3042', '1', 'a\u0323\u0302', '.'])
    for (const length of [64, 256, 1_000_000]) refusalOf(filler.repeat(length).slice(0, length))
  expect(performance.now() - started, 'milliseconds').toBeLessThan(1_000)
})
