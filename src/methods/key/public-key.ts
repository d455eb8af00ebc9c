// A public key: 32 bytes of Ed25519 in any common spelling, checked strictly (RFC 8032 5.1.3).
import { ed25519 } from '@noble/curves/ed25519.js'
import { Failure } from '../../failure.js'
import { readPublicKeySpelling } from './public-key-spelling.js'

const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'publicKey' })

/** True for a canonical point that is not of small order. With a key of small order, forged signatures would verify. */
const isSoundPoint = (bytes: Uint8Array): boolean => {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder()
  } catch {
    // Not on the curve, or not canonically encoded.
    return false
  }
}

/**
 * The key as base64 of its 32 bytes, from any spelling. Throws `BAD_USER_INPUT`, which says what the text is instead.
 */
export const parsePublicKey = (raw: string): string => {
  const spelling = readPublicKeySpelling(raw)
  if (spelling.kind === 'other') throw refuse(spelling.because)
  if (spelling.kind === 'unknown')
    throw refuse('A public key is 32 bytes in base64 or hex, an SPKI PEM, or an OpenSSH line.')
  if (!isSoundPoint(spelling.bytes)) throw refuse('These bytes are no valid Ed25519 public key.')
  return spelling.bytes.toString('base64')
}
