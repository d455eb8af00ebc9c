// A typed code is read in every spelling that can mean one code only, and in no other.
import { expect, test } from 'vitest'
import { readCode, readMatchCode } from '../../../src/challenges/held-secrets.js'

test.each([
  ['as it stands in the mail', 'ACHK-3479'],
  ['in small letters', 'achk3479'],
  ['with white space of every kind', '\tA\u00a0C\u2003H\u3000K\r\n3\u20284\u20097\u202f9 '],
  ['with dashes of every kind', 'A-C\u2010H\u2011K\u20133\u20144\u22127\uff0d9\u30fc\u00ad'],
  ['with signs of no width', '\ufeffA\u200bC\u200cH\u200dK\u20603\u200e4\u20697\u061c9\ufe0f'],
  ['in full width', 'ＡＣＨＫ－３４７９'],
  ['in small letters of full width', 'ａｃｈｋ３４７９'],
  ['in letters of mathematics', '𝐀𝐂𝐇𝐊𝟑𝟒𝟕𝟗'],
  ['on a Russian keyboard', 'АСНК3479'],
  ['on a Russian keyboard, in small letters', 'аснк3479'],
  ['with the capitals of a Greek keyboard', 'ΑCΗΚ3479'],
  ['with Arabic digits', 'ACHK٣٤٧٩'],
  ['with Persian digits', 'ACHK۳۴۷۹'],
  ['with the digits of Hindi', 'ACHK३४७९'],
])('a code %s', (_how, typed) => {
  expect(readCode(typed)).toBe('ACHK3479')
})

test.each([
  ['nothing', ''],
  ['too little', 'ACHK347'],
  ['too much', 'ACHK34799'],
  ['a letter that codes leave out', 'ACHK347O'],
  ['a digit that codes leave out', 'ACHK3470'],
  ['a letter with an accent', 'ÁCHK3479'],
  ['punctuation', 'ACHK.3479'],
  ['a lone surrogate', 'ACHK347\ud800'],
  ['a zero byte', 'ACHK\u00003479'],
  ['a letter that becomes two capitals', 'ACHK34ß'],
  ['a page', ' '.repeat(10_000)],
])('no code: %s', (_what, typed) => {
  expect(readCode(typed)).toBeNull()
})

test('a match code has digits alone', () => {
  expect(['1234', ' 12-34 ', '１２３４', '١٢٣٤'].map(readMatchCode)).toEqual(Array(4).fill('1234'))
  expect(['123', '12345', 'ACHK', '', '12e4'].map(readMatchCode)).toEqual(Array(5).fill(null))
})
