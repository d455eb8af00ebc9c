// The bounds of CBOR: what is let through to a decoder, and what never reaches it.
import { expect, test } from 'vitest'
import { areItems } from '../../../src/methods/passkey/cbor-bounds.js'
import { type CborValue, encodeCbor } from '../../support/software-authenticator.js'

const isOneItem = (hex: string): boolean => areItems(Buffer.from(hex, 'hex'), 0, 1)

/** An array in an array, so many deep, around a zero. */
const nested = (depth: number): string => `${'81'.repeat(depth)}00`
/** An array of so many zeros, at most 65,535. */
const arrayOf = (length: number): string => `99${length.toString(16).padStart(4, '0')}${'00'.repeat(length)}`

test.each([
  ['a small integer', '17'],
  ['a negative integer of one byte', '38ff'],
  ['integers of two, four and eight bytes', '8319ffff1affffffff1bffffffffffffffff'],
  ['bytes', '43010203'],
  ['a text', '6161'],
  ['an empty map', 'a0'],
  ['false, true and null', '83f4f5f6'],
  ['seven levels', nested(6)],
  ['250 items', arrayOf(250)],
])('%s is an item', (_name, hex) => {
  expect(isOneItem(hex)).toBe(true)
})

test.each([
  ['nothing', ''],
  ['two items', '0000'],
  ['bytes that are cut off', '430102'],
  ['bytes longer than any memory', '5bffffffffffffffff'],
  ['a text of four gigabytes', '7affffffff'],
  ['an array that is cut off', '8200'],
  ['an array of four billion', '9affffffff'],
  ['a map of 2^64', 'bbffffffffffffffff00'],
  ['a map whose last value is missing', 'a100'],
  ['a head that is cut off', '19ff'],
  ['a head of an unused length', '1c'],
  ['bytes of indefinite length', '5f4101ff'],
  ['an array of indefinite length', '9f00ff'],
  ['a map of indefinite length', 'bf0000ff'],
  ['a tag', 'c100'],
  ['half, single and double floats', '83f93c00fa3f800000fb3ff0000000000000'],
  ['undefined', 'f7'],
  ['a simple value', 'f820'],
  ['a break', 'ff'],
  ['eight levels', nested(8)],
  ['ten thousand levels', nested(10_000)],
  ['257 items', arrayOf(257)],
  ['a million small arrays', `9a000f4240${'80'.repeat(1_000_000)}`],
])('%s is none', (_name, hex) => {
  expect(isOneItem(hex)).toBe(false)
})

test('items begin where they are said to, and end with the bytes', () => {
  const item = encodeCbor(
    new Map<string, CborValue>([
      ['fmt', 'none'],
      ['authData', Buffer.alloc(300)],
    ]),
  )
  const bytes = Buffer.concat([Buffer.alloc(37), item, item])
  expect([1, 2, 3].map((count) => areItems(bytes, 37, count))).toEqual([false, true, false])
  expect(areItems(bytes, bytes.length, 0)).toBe(true)
  expect(areItems(bytes, 37, 0)).toBe(false)
})
