// Addresses of servers: one spelling each, and a word where tokens would travel in the clear.

import { expect, test } from 'vitest'
import { isUnprotected, parseServerUrl } from '../../../src/cli/server-url.js'

test.each([
  ['http://localhost:4000', 'http://localhost:4000'],
  ['http://localhost:4000/', 'http://localhost:4000'],
  ['HTTP://LOCALHOST:4000/graphql', 'http://localhost:4000'],
  ['https://id.example.org:443', 'https://id.example.org'],
  ['https://example.org/idem//', 'https://example.org/idem'],
  ['https://example.org/idem/graphql/', 'https://example.org/idem'],
])('%s is kept as %s', (given, kept) => {
  expect(parseServerUrl(given, '--url')).toBe(kept)
})

test.each([
  '',
  'localhost:4000',
  'ftp://example.org',
  'https://user:password@example.org',
  'https://example.org/?a=b',
  'https://example.org/#a',
])('%j is no server, and what it holds is not repeated', (given) => {
  const parse = () => parseServerUrl(given, '--url')
  expect(parse).toThrow('--url is not the address of a server.')
})

test.each([
  ['http://localhost:4000', false],
  ['http://idem.localhost', false],
  ['http://127.0.0.1:4000', false],
  ['http://[::1]:4000', false],
  ['https://id.example.org', false],
  ['http://id.example.org', true],
  ['http://192.168.1.4:4000', true],
  ['http://127.0.0.1.example.org', true],
])('tokens sent to %s are unprotected: %s', (url, unprotected) => {
  expect(isUnprotected(url)).toBe(unprotected)
})
