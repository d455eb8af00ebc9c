// A public key: 32 bytes of Ed25519 in any of the spellings people have, checked strictly (RFC 8032 5.1.3).
import { createPublicKey } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { Failure } from '../../failure.js'

/** A public key of any spelling fits easily. In characters. */
const longestSpelling = 1024
const keyLength = 32

const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'publicKey' })

const fromPem = (pem: string): Buffer => {
  try {
    const key = createPublicKey({ key: pem, format: 'pem', type: 'spki' })
    const { crv, x } = key.export({ format: 'jwk' })
    if (crv === 'Ed25519' && x !== undefined) return Buffer.from(x, 'base64url')
  } catch {
    // Whatever is wrong with the PEM, the sentence below says what is wanted.
  }
  throw refuse('The PEM is not an Ed25519 public key. openssl pkey -pubout prints one.')
}

/** RFC 8709 4: `string "ssh-ed25519"`, `string key`, each behind its length in four bytes. */
const fromOpenSsh = (line: string): Buffer => {
  const blob = Buffer.from(line.split(/\s+/)[1] ?? '', 'base64')
  const header = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1')
  if (blob.length !== header.length + keyLength || !blob.subarray(0, header.length).equals(header))
    throw refuse('The OpenSSH line is not an Ed25519 public key.')
  return blob.subarray(header.length)
}

const bytesOf = (spelling: string): Buffer => {
  if (spelling.startsWith('-----BEGIN PUBLIC KEY-----')) return fromPem(spelling)
  if (spelling.includes('PRIVATE KEY'))
    throw refuse('This is a private key. Keep it to yourself and send the public one.')
  if (spelling.startsWith('ssh-ed25519 ')) return fromOpenSsh(spelling)
  if (/^(0x)?[0-9a-f]{64}$/i.test(spelling)) return Buffer.from(spelling.slice(-64), 'hex')
  if (/^[\w+/-]{43}=?$/.test(spelling)) return Buffer.from(spelling, 'base64')
  throw refuse('A public key is 32 bytes in base64 or hex, an SPKI PEM, or an OpenSSH line.')
}

/** A canonical point of the curve that is of no small order: such a key would accept signatures nobody made. */
const isSoundPoint = (bytes: Uint8Array): boolean => {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder()
  } catch {
    // Not on the curve, or not in its canonical encoding.
    return false
  }
}

/** The key as base64 of its 32 bytes, from any spelling. Throws `BAD_USER_INPUT`. */
export const parsePublicKey = (raw: string): string => {
  if (raw.length > longestSpelling) throw refuse('This is too long for an Ed25519 public key.')
  const bytes = bytesOf(raw.trim())
  if (bytes.length !== keyLength || !isSoundPoint(bytes))
    throw refuse('These bytes are no valid Ed25519 public key.')
  return bytes.toString('base64')
}
