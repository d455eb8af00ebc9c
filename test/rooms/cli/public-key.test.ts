// Public keys: one spelling for all.

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { normalizePublicKey } from '../../../src/cli/public-key.js'

const raw = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')
const base64 = raw.toString('base64')
const pem = createPublicKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
  format: 'jwk',
})
  .export({ format: 'pem', type: 'spki' })
  .toString()
const sshBlob = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), raw]).toString(
  'base64',
)

test.each([
  ['base64', base64],
  ['base64url', raw.toString('base64url')],
  ['hex', raw.toString('hex')],
  ['SPKI PEM', pem],
  ['an OpenSSH line', `ssh-ed25519 ${sshBlob} ada@example.org`],
  ['an OpenSSH line without comment', `ssh-ed25519 ${sshBlob}\n`],
])('%s is understood', (_spelling, text) => {
  expect(normalizePublicKey(text)).toBe(base64)
})

test.each([
  '',
  'laptop',
  raw.subarray(1).toString('base64'),
  'ssh-ed25519',
  'ssh-ed25519 AAAA',
  `ssh-rsa ${sshBlob}`,
  generateKeyPairSync('x25519').publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
])('%j is none', (text) => {
  expect(normalizePublicKey(text)).toBeNull()
})
