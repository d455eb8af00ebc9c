// Return URLs: exactly the listed ones, whatever parsers make of others.
import { expect, test } from 'vitest'
import { isReturnUrl, parseReturnUrls, withParameters } from '../../../src/http/return-url.js'

const listed = parseReturnUrls(
  'https://app.example.org/signed-in, https://app.example.org/?a=1, http://127.0.0.1:8080/back, http://localhost/cb',
)
const production = { listed, anyOfThisMachine: false }

test.each([
  'https://app.example.org/signed-in',
  'https://app.example.org/?a=1',
  // RFC 8252 7.3: any port of this machine.
  'http://127.0.0.1:8080/back',
  'http://127.0.0.1:49152/back',
  'http://127.0.0.1/back',
  'http://localhost/cb',
  'http://localhost:3000/cb',
])('%s is one', (url) => {
  expect(isReturnUrl(production, url)).toBe(true)
})

const attacks = [
  '',
  'https://app.example.org',
  'https://app.example.org/',
  // Another path, a longer one, and tricks that a parser resolves.
  'https://app.example.org/signed-in/',
  'https://app.example.org/signed-in2',
  'https://app.example.org/signed-in/../signed-in',
  'https://app.example.org/x/../signed-in',
  'https://app.example.org/./signed-in',
  'https://app.example.org/%73igned-in',
  'https://app.example.org/signed-in%2f..%2fevil',
  'https://app.example.org//signed-in',
  'https://app.example.org\\signed-in',
  'https://app.example.org/signed-in?next=https://evil.example',
  'https://app.example.org/signed-in#',
  'https://app.example.org/signed-in#@evil.example',
  'https://app.example.org/?a=1&b=2',
  // Another host, made to look alike.
  'https://app.example.org.evil.example/signed-in',
  'https://evil.example/https://app.example.org/signed-in',
  'https://app.example.org@evil.example/signed-in',
  'https://app.example.org:443@evil.example/signed-in',
  'https://evil.example\\@app.example.org/signed-in',
  'https://evil.example#@app.example.org/signed-in',
  'https://evil.example?@app.example.org/signed-in',
  'https://user@app.example.org/signed-in',
  'https://user:word@app.example.org/signed-in',
  'https://@app.example.org/signed-in',
  'https://xapp.example.org/signed-in',
  'https://example.org/signed-in',
  'https://аpp.example.org/signed-in',
  'https://app.example。org/signed-in',
  'https://ａpp.example.org/signed-in',
  'https://app.example.org./signed-in',
  'https://app.example.org:443/signed-in',
  'https://app.example.org:8443/signed-in',
  // Another spelling of the same.
  'HTTPS://app.example.org/signed-in',
  'https://APP.example.org/signed-in',
  'https:app.example.org/signed-in',
  'https:/app.example.org/signed-in',
  'https:///app.example.org/signed-in',
  '//app.example.org/signed-in',
  '/signed-in',
  ' https://app.example.org/signed-in',
  'https://app.example.org/signed-in ',
  'https://app.example.org/signed-in\n',
  'https://app.example.org/signed-in\r\nset-cookie: a=b',
  'https://app.ex\tample.org/signed-in',
  'https://app.example.org/signed-in\0',
  // Another scheme.
  'http://app.example.org/signed-in',
  'ftp://app.example.org/signed-in',
  'javascript:alert(1)',
  'javascript://app.example.org/signed-in%0aalert(1)',
  'data:text/html,x',
  'app://signed-in',
  // What only looks like this machine.
  'https://127.0.0.1/back',
  'http://127.0.0.1.evil.example/back',
  'http://127.0.0.1@evil.example/back',
  'http://localhost.evil.example/cb',
  'http://localhost:3000@evil.example/cb',
  'http://localhost.:3000/cb',
  'http://LOCALHOST/cb',
  'http://localhost:3000/cb/',
  'http://localhost:3000/other',
  'http://localhost:3000/cb?x=1',
  'http://localhost:3000/cb#x',
  'http://user@localhost:3000/cb',
  'http://127.1/back',
  'http://2130706433/back',
  'http://0x7f.0.0.1/back',
  'http://0.0.0.0/back',
  'http://[::1]/back',
  'http://[::ffff:127.0.0.1]/back',
  'http://localhost:99999/cb',
  'http://localhost:03000/cb',
  `https://app.example.org/${'x'.repeat(3_000)}`,
]

test.each(attacks)('%j is none', (url) => {
  expect(isReturnUrl(production, url)).toBe(false)
})

test('in development every URL of this machine is one, and nothing else', () => {
  const development = { listed: [], anyOfThisMachine: true }
  for (const url of [
    'http://localhost:5173/',
    'http://127.0.0.1:1/a?b',
    'http://[::1]:9/',
    'https://localhost/x',
  ])
    expect(isReturnUrl(development, url)).toBe(true)
  for (const url of [
    ...listed.filter((each) => each.includes('example')),
    ...attacks.filter((each) => each.includes('evil') || each.includes('@') || each.includes('#')),
    'http://localhost:5173',
    'http://localhost.:5173/',
    'javascript:localhost',
  ])
    expect(isReturnUrl(development, url), url).toBe(false)
})

test('nothing is one where none is listed', () => {
  const none = { listed: parseReturnUrls(undefined), anyOfThisMachine: false }
  for (const url of [...listed, 'http://localhost:5173/']) expect(isReturnUrl(none, url)).toBe(false)
})

test.each([
  ['https://app.example.org', 'must be written as https://app.example.org/'],
  ['https://App.example.org/', 'must be written as https://app.example.org/'],
  ['https://app.example.org/a/../b', 'must be written as https://app.example.org/b'],
  ['https://app.example.org:443/', 'must be written as https://app.example.org/'],
  ['http://app.example.org/', 'must be https, or http on this machine'],
  ['javascript:alert(1)', 'must be https, or http on this machine'],
  ['https://app.example.org/#x', 'has a fragment'],
  ['https://app.example.org./', 'has a host that ends in a dot'],
  ['app.example.org/x', 'is not a URL'],
  ['https://*.example.org/', 'without wildcards'],
])('the setting refuses %s and says why', (entry, fault) => {
  expect(() => parseReturnUrls(entry)).toThrow(fault)
})

test('the setting repeats no password', () => {
  expect(() => parseReturnUrls('https://me:secret@app.example.org/')).toThrow(/without a user/)
  expect(() => parseReturnUrls('https://me:secret@app.example.org/')).not.toThrow(/secret/)
})

test("parameters come after the URL's own, which stay as they are", () => {
  const code = { code: 'a b', state: 'x&y=z#' }
  expect(withParameters('https://a.example/b', code)).toBe('https://a.example/b?code=a+b&state=x%26y%3Dz%23')
  expect(withParameters('https://a.example/?q=%20a+b', code)).toBe(
    'https://a.example/?q=%20a+b&code=a+b&state=x%26y%3Dz%23',
  )
})
