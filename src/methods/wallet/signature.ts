// A signature of a wallet: bytes in hex. That of a key is 65 bytes (r, s, v); a contract may expect any others.
import { hexToBytes } from '@noble/hashes/utils.js'
import { Failure } from '../../failure.js'

/** The longest signature of a contract wallet, in bytes: ERC-6492 adds the call that deploys it, of a few kilobytes. */
const mostBytes = 8_192
/** Length of a key's signature. */
const keyLength = 65
/** Length of the compact form (EIP-2098), which would give each signature a second spelling. */
const compactLength = 64

/** Half of the order of secp256k1, as 32 bytes. A signature with a higher s is the same one negated (EIP-2). */
const highestS = hexToBytes('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')

/** The signature of a key, of 65 bytes. */
export interface KeySignature {
  /** r and s. */
  readonly rs: Uint8Array
  /** The y parity of the key's point: v as 0 or 1, or as 27 or 28. */
  readonly parity: 0 | 1
  readonly hasLowS: boolean
}

const reject = (sentence: string, reason: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })

/** The bytes. Throws `PROOF_REJECTED`, which says what is expected, for what can be no signature. */
export const parseSignature = (raw: string): Uint8Array => {
  // Before the hex is read: longer ones are not looked at.
  if (raw.length > 2 + 2 * mostBytes)
    throw reject(`A signature has at most ${mostBytes} bytes.`, 'signature too long')
  if (!/^0x(?:[0-9a-fA-F]{2})+$/.test(raw))
    throw reject('A signature is 0x and its bytes in hex: 65 for a key, as wallets give them.', 'no hex')
  const bytes = hexToBytes(raw.slice(2))
  if (bytes.length === compactLength)
    throw reject(
      'This signature has the compact form of 64 bytes (EIP-2098). Send the 65 bytes r, s and v.',
      'compact signature',
    )
  return bytes
}

/** The signature of a key; null for bytes that have not its form. */
export const readKeySignature = (bytes: Uint8Array): KeySignature | null => {
  const v = bytes[keyLength - 1]
  if (bytes.length !== keyLength || v === undefined) return null
  const parity = v >= 27 ? v - 27 : v
  if (parity !== 0 && parity !== 1) return null
  return {
    rs: bytes.subarray(0, 64),
    parity,
    hasLowS: Buffer.compare(bytes.subarray(32, 64), highestS) <= 0,
  }
}
