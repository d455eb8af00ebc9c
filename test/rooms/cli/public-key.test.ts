// Public keys: one spelling for all, the same as the server's.

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readPublicKey } from '../../../src/cli/public-key.js'
import { namedSpellings, spellingsOf, unknownSpellings } from '../../support/public-key-spellings.js'

const x = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x)
const bytes = Buffer.from(x, 'base64url')

test.each(spellingsOf(bytes))('%s is understood', (_name, text) => {
  expect(readPublicKey(text)).toEqual({ publicKey: bytes.toString('base64'), because: null })
})

test.each(namedSpellings)('%s is told by name', (_what, text, word) => {
  expect(readPublicKey(text)).toEqual({ publicKey: null, because: expect.stringContaining(word) })
})

test.each(unknownSpellings)('%s is none', (_what, text) => {
  expect(readPublicKey(text)).toEqual({ publicKey: null, because: null })
})

test.each(['armored-block.ts', 'public-key-spelling.ts'])(
  '%s reads the same here and in the service',
  (file) => {
    const here = readFileSync(`src/cli/${file}`, 'utf8')
    expect(here).toBe(readFileSync(`src/methods/key/${file}`, 'utf8'))
  },
)
