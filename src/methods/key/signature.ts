// A signature: Ed25519 over a challenge's message, in any spelling of its canonical bytes (RFC 8032 5.1.7).
import { type KeyObject, verify } from 'node:crypto'
import { Failure } from '../../failure.js'

const signatureLength = 64
/** More than a signature in any spelling with white space between all characters. In characters. */
const longestSpelling = 512

/** The 64 bytes in base64 of either alphabet, padded or not, or in hex; white space is ignored. */
const bytesOf = (spelling: string): Buffer | null => {
  if (spelling.length > longestSpelling) return null
  const text = spelling.replace(/\s+/g, '')
  if (/^(?:0x)?[0-9a-f]{128}$/i.test(text)) return Buffer.from(text.slice(-128), 'hex')
  // 86 characters encode 64 bytes and four more bits, which must be zero.
  if (!/^[\w+/-]{85}[AQgw](?:==)?$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === signatureLength ? bytes : null
}

/** The bytes of a signature in any spelling. `PROOF_REJECTED`, which says what is expected, for any other text. */
export const parseSignature = (signature: string): Buffer => {
  const bytes = bytesOf(signature)
  if (bytes !== null) return bytes
  throw new Failure(
    'PROOF_REJECTED',
    'A signature is the 64 bytes of Ed25519 over the message, in base64 or hex.',
    { reason: 'no signature in any spelling' },
  )
}

/**
 * True if `signature` is the signature of `message` (UTF-8) by `publicKey`. OpenSSL refuses
 * S at or above L and compares R as bytes, so a signature has only one form. Throws `PROOF_REJECTED`, which says what
 * is expected, for a text that is not a signature in any spelling.
 */
export const isSignedBy = (publicKey: KeyObject, message: string, signature: string): boolean =>
  verify(null, Buffer.from(message, 'utf8'), publicKey, parseSignature(signature))
