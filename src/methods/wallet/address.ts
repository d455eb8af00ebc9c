// An Ethereum address: 20 bytes in hex, with the checksum of EIP-55.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { Failure } from '../../failure.js'

/** An address with its checksum: the case of each letter (EIP-55). */
export type Address = `0x${string}`

const encoder = new TextEncoder()

/** The address of 40 hex digits in lower case. A letter is a capital where the digit of the hash is 8 or more. */
const withChecksum = (digits: string): Address => {
  const hash = bytesToHex(keccak_256(encoder.encode(digits)))
  const spelt = [...digits].map((digit, index) =>
    Number.parseInt(hash[index] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit,
  )
  return `0x${spelt.join('')}`
}

const refuse = (sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field: 'address' })

/**
 * The address in small letters, in capitals or with its checksum. Throws `BAD_USER_INPUT`, which says what the text is
 * instead. Of mistyped addresses with a checksum, one in 4,000 passes (EIP-55).
 */
export const parseAddress = (raw: string): Address => {
  if (/^(?:0x)?[0-9a-f]{64}$/i.test(raw))
    throw refuse('These 32 bytes may be a private key, which nobody else may see. Send the address.')
  const [, digits = ''] = /^0x([0-9a-fA-F]{40})$/.exec(raw) ?? []
  if (digits === '') throw refuse('An address is 0x and 40 hex digits. Names are not resolved.')
  const address = withChecksum(digits.toLowerCase())
  const hasOneCase = digits === digits.toLowerCase() || digits === digits.toUpperCase()
  if (!hasOneCase && address !== raw)
    throw refuse('The checksum of this address (EIP-55, its capital letters) is wrong. Is a digit mistyped?')
  return address
}

/** True if the address is that of an uncompressed public key of 65 bytes. */
export const isAddressOf = (address: Address, publicKey: Uint8Array): boolean =>
  bytesToHex(keccak_256(publicKey.subarray(1)).subarray(-20)) === address.slice(2).toLowerCase()
