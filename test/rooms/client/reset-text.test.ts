// What a device signs: only the reset of the address that was asked for, at the server that was reached.

import { expect, test } from 'vitest'
import { checkResetText } from '../../../src/client/check-reset-text.js'

const server = { reachedAt: 'https://id.example.org', issuer: 'https://id.example.org' }

const textOf = (changes: Readonly<Record<string, string>> = {}): string => {
  const fields = {
    Domain: 'id.example.org',
    Purpose: 'RESET_PASSWORD',
    Address: 'ada@example.org',
    Nonce: 'x'.repeat(22),
    'Issued at': '2026-01-01T00:00:00.000Z',
    'Expires at': '2026-01-01T00:15:00.000Z',
    ...changes,
  }
  return [
    `${fields.Domain} asks you to sign this with the key of a registered device.`,
    '',
    `Sets a new password for the account with the address ${fields.Address}.`,
    '',
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
  ].join('\n')
}

test.each(['ada@example.org', ' Ada@EXAMPLE.org'])('the text for %s is signed', (address) => {
  checkResetText(textOf(), { server, address })
})

test('a domain that is not ASCII is compared as the server spells it', () => {
  checkResetText(textOf({ Address: 'ada@xn--bcher-kva.example' }), { server, address: 'ada@Bücher.example' })
})

test.each([
  ['another address', textOf({ Address: 'eve@example.org' }), 'the address eve@example.org'],
  ['another server', textOf({ Domain: 'evil.example' }), 'the server evil.example'],
  ['another purpose', textOf({ Purpose: 'SIGN_IN' }), 'the purpose SIGN_IN'],
  [
    'a text for another key',
    textOf().replace('the key of a registered device', 'your Ed25519 key'),
    'not the form',
  ],
  ['a field twice', `${textOf()}\nAddress: ada@example.org`, 'not the form'],
  ['a hidden direction', textOf({ Nonce: 'x\u202ex' }), 'not the form'],
  ['no fields', 'Sign this.', 'not the form'],
])('%s is not signed', (_what, text, because) => {
  expect(() => checkResetText(text, { server, address: 'ada@example.org' })).toThrowError(
    expect.objectContaining({ code: 'WRONG_CHALLENGE', message: expect.stringContaining(because) }),
  )
})

test('a server that calls itself by another name gets no signature', () => {
  const relayed = { reachedAt: 'https://evil.example', issuer: 'https://id.example.org' }
  expect(() => checkResetText(textOf(), { server: relayed, address: 'ada@example.org' })).toThrowError(
    expect.objectContaining({ code: 'WRONG_CHALLENGE' }),
  )
})
