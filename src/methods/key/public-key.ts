// A public key: 32 bytes of Ed25519 in any of the spellings people have, checked strictly (RFC 8032 5.1.3).
import { ed25519 } from '@noble/curves/ed25519.js'
import { Failure } from '../../failure.js'
import { readPublicKeySpelling } from './public-key-spelling.js'

const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'publicKey' })

/** A canonical point of the curve that is of no small order: such a key would accept signatures nobody made. */
const isSoundPoint = (bytes: Uint8Array): boolean => {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder()
  } catch {
    // Not on the curve, or not in its canonical encoding.
    return false
  }
}

/** The key as base64 of its 32 bytes, from any spelling. Throws `BAD_USER_INPUT`, naming what else it is. */
export const parsePublicKey = (raw: string): string => {
  const spelling = readPublicKeySpelling(raw)
  if (spelling.kind === 'other') throw refuse(spelling.because)
  if (spelling.kind === 'unknown')
    throw refuse('A public key is 32 bytes in base64 or hex, an SPKI PEM, or an OpenSSH line.')
  if (!isSoundPoint(spelling.bytes)) throw refuse('These bytes are no valid Ed25519 public key.')
  return spelling.bytes.toString('base64')
}
