// A public key: 32 bytes of Ed25519 in any common spelling, checked strictly (RFC 8032 5.1.3).
import { createPublicKey, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.js'
import { readPublicKeySpelling } from './public-key-spelling.js'

/** Keys that are remembered; one takes about a kilobyte. */
const mostKnown = 1_000

const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'publicKey' })

/** True for a canonical point that is not of small order. With a key of small order, forged signatures would verify. */
export const isSoundPoint = (bytes: Uint8Array): boolean => {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder()
  } catch {
    // Not on the curve, or not canonically encoded.
    return false
  }
}

/** The key that verifies signatures; `publicKey` is base64 of 32 bytes that `PublicKeys.parse` returned before. */
export const importKey = (publicKey: string): KeyObject => {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** Parses public keys. A key that signs in again is not checked again: that takes as long as to verify its signature. */
export class PublicKeys {
  readonly #known = new LRUCache<string, KeyObject>({ max: mostKnown })

  /**
   * The key as base64 of its 32 bytes, from any spelling. Throws `BAD_USER_INPUT`, which says what the text is instead.
   */
  parse(raw: string): string {
    const spelling = readPublicKeySpelling(raw)
    if (spelling.kind === 'other') throw refuse(spelling.because)
    if (spelling.kind === 'unknown')
      throw refuse('A public key is 32 bytes in base64 or hex, an SPKI PEM, or an OpenSSH line.')
    const publicKey = spelling.bytes.toString('base64')
    if (this.#known.get(publicKey) !== undefined) return publicKey
    if (!isSoundPoint(spelling.bytes)) throw refuse('These bytes are no valid Ed25519 public key.')
    this.#known.set(publicKey, importKey(publicKey))
    return publicKey
  }

  /** The key that verifies signatures; `publicKey` is the result of an earlier `parse`, of any process. */
  import(publicKey: string): KeyObject {
    return this.#known.get(publicKey) ?? importKey(publicKey)
  }
}
