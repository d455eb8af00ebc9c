// Locales and words: what a reader asks for, and moments and methods in their language.
import { expect, test } from 'vitest'
import { chooseLocale, isLocale, type Locale, locales } from '../../../src/mail/locale.js'
import { identityInWords, methodInWords, timeInWords } from '../../../src/mail/words.js'
import { methodDefinitions, vocabularyOf } from '../../../src/methods/registry.js'

test.each<[string, string | undefined, string]>([
  ['no header', undefined, 'en'],
  ['an empty header', '', 'en'],
  ['German', 'de', 'de'],
  ['Austrian German', 'de-AT', 'de'],
  ['German in capitals', 'DE-CH-1996', 'de'],
  ['English', 'en-GB', 'en'],
  ['any', '*', 'en'],
  ['French alone', 'fr', 'en'],
  ['French, then German', 'fr, de;q=0.5', 'de'],
  ['German first', 'de, en', 'de'],
  ['English first', 'en, de', 'en'],
  ['German by weight', 'en;q=0.5, de;q=0.8', 'de'],
  ['English by weight', 'de;q=0.5,en;q=0.8', 'en'],
  ['a browser', 'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7', 'de'],
  ['spaces around the weight', ' fr ;q=1 , de ; q=0.9', 'de'],
  ['a weight in capitals', 'en;Q=0.1,de;Q=0.2', 'de'],
  ['German not wanted', 'de;q=0', 'en'],
  ['German not wanted, with digits', 'de;q=0.000, fr', 'en'],
  ['any rather than German', '*, de;q=0.5', 'en'],
  ['German rather than any', '*;q=0.1, de;q=0.5', 'de'],
  ['a weight above one', 'de;q=1.5', 'en'],
  ['a weight without form', 'de;q=high', 'en'],
  ['a weight of four digits', 'de;q=0.1234', 'en'],
  ['another parameter', 'de;x=1', 'en'],
  ['what only begins like German', 'deutsch', 'en'],
  ['Lower Sorbian', 'dsb', 'en'],
  ['an underscore', 'de_DE', 'en'],
  ['separators alone', ',,;;,=', 'en'],
  ['line breaks', 'de\r\nX: y', 'en'],
  ['10 KB of junk before', `${'x-'.repeat(5120)},de`, 'en'],
  ['10 KB of junk behind', `de,${'x;q=0.1,'.repeat(1280)}`, 'de'],
  ['10 KB of commas', ','.repeat(10_240), 'en'],
])('%s', (_what, header, locale) => {
  expect(chooseLocale(header)).toBe(locale)
})

test('a hostile header costs nothing', () => {
  const startedAt = performance.now()
  for (const part of ['a-', 'de;q=', '*;', ' ', 'de-a', 'q=0.'])
    for (let round = 0; round < 100; round++) chooseLocale(part.repeat(5_000))
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test('a locale is one of ours, exactly', () => {
  expect(locales.every(isLocale)).toBe(true)
  for (const other of ['', 'EN', 'de-DE', 'fr', 'toString']) expect(isLocale(other)).toBe(false)
})

test('a moment in words is in UTC and says so', () => {
  const at = new Date('2026-11-21T23:05:59Z')
  expect(timeInWords(at, 'en')).toBe('21 November 2026 at 23:05 UTC')
  expect(timeInWords(at, 'de')).toBe('21. November 2026 um 23:05 UTC')
})

test('every method has a name in every language', () => {
  const vocabulary = vocabularyOf(methodDefinitions)
  for (const { name, words } of methodDefinitions)
    for (const locale of locales) {
      expect(words[locale].name, name).not.toBe('')
      expect(words[locale].identity, name).toContain(' ')
    }
  expect(methodInWords(vocabulary, 'key', 'de')).toBe('Ed25519-Schlüssel')
  expect(methodInWords(vocabulary, 'horoscope', 'de')).toBe('horoscope')
  const identity = (method: string, subject: string, locale: Locale) =>
    identityInWords(vocabulary, { method, subject }, locale)
  expect(identity('key', 'SHA256:x', 'en')).toBe('the Ed25519 key SHA256:x')
  expect(identity('email', 'b@example.org', 'de')).toBe('die Adresse b@example.org')
  expect(identity('anonymous', 'a hash', 'en')).toBe('a guest device')
  expect(identity('email', '', 'en')).toBe('the address')
})
