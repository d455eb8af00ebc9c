// A sealed value is a JWE as jose makes and reads it, and opens only as it was sealed, for its purpose.
import { CompactEncrypt, compactDecrypt } from 'jose'
import { expect, test } from 'vitest'
import { systemRandom } from '../../../src/runtime/random.js'
import { KeyRing } from '../../../src/tokens/key-ring.js'
import { seal, unseal } from '../../../src/tokens/sealed-value.js'
import { Secret } from '../../../src/tokens/secret.js'

const ringOf = (...names: string[]) => new KeyRing(names.map((name) => new Secret(name.repeat(20))))
const keyRing = ringOf('one')
const data = { a: 'ä€😀', b: [1, null], c: 'x'.repeat(500) }
const sealed = seal({ keyRing, random: systemRandom }, 'challenge', data)
const { bytes, id: kid } = keyRing.sealing('challenge')
const header = { alg: 'dir', enc: 'A256GCM', kid }

test('jose reads what we sealed', async () => {
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, bytes)
  expect(protectedHeader).toEqual(header)
  expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(data)
})

test('what jose sealed under our keys opens, as it lies in databases', async () => {
  const byJose = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(data)))
    .setProtectedHeader(header)
    .encrypt(bytes)
  expect(unseal(keyRing, 'challenge', byJose)).toEqual({ data, byOlderSecret: false })
})

test('a value opens by the secret that sealed it, wherever it stands in the list', () => {
  expect(unseal(keyRing, 'challenge', sealed)).toEqual({ data, byOlderSecret: false })
  expect(unseal(ringOf('two', 'one'), 'challenge', sealed)).toEqual({ data, byOlderSecret: true })
  expect(unseal(ringOf('two'), 'challenge', sealed)).toBeNull()
})

test('no two values are sealed under the same initialisation vector', () => {
  const again = seal({ keyRing, random: systemRandom }, 'challenge', data)
  expect(again.split('.')[2]).not.toBe(sealed.split('.')[2])
})

test('nothing else opens', async () => {
  expect(unseal(keyRing, 'signing-key', sealed), 'another purpose').toBeNull()
  const parts = sealed.split('.')
  const [protectedHeader = '', , vector = '', text = '', tag = ''] = parts
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const cut = (part: string) => Buffer.from(part, 'base64url').subarray(1).toString('base64url')
  const flipped = (part: string) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
  const others = {
    'nothing at all': '',
    'no JWE': 'x.y.z',
    'a part too few': parts.slice(0, 4).join('.'),
    'a part too many': `${sealed}.`,
    'an encrypted key': [protectedHeader, 'AAAA', vector, text, tag].join('.'),
    'another header': [encode({ ...header, zip: 'DEF' }), '', vector, text, tag].join('.'),
    'another vector': [protectedHeader, '', flipped(vector), text, tag].join('.'),
    'another text': [protectedHeader, '', vector, flipped(text), tag].join('.'),
    'another tag': [protectedHeader, '', vector, text, flipped(tag)].join('.'),
    'a shorter vector': [protectedHeader, '', cut(vector), text, tag].join('.'),
    'a shorter tag': [protectedHeader, '', vector, text, cut(tag)].join('.'),
    'another spelling': `${sealed}=`,
  }
  for (const [name, other] of Object.entries(others))
    expect(unseal(keyRing, 'challenge', other), name).toBeNull()
})
