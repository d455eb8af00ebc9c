// A signature: Ed25519 over a challenge's message, accepted in its one canonical form (RFC 8032 5.1.7).
import { createPublicKey, verify } from 'node:crypto'

/** 64 bytes in base64. */
const form = /^[A-Za-z0-9+/]{85}[AQgw]==$/

/**
 * True when `signature` (base64) is that of `message` (UTF-8) by `publicKey` (base64 of 32 sound bytes).
 * OpenSSL refuses S at or above L, and compares R as bytes, so no second form of a signature passes.
 */
export const isSignedBy = (publicKey: string, message: string, signature: string): boolean => {
  if (!form.test(signature)) return false
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, Buffer.from(message, 'utf8'), key, Buffer.from(signature, 'base64'))
}
