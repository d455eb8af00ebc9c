// The address and the signatures (EIP-191) of a private key on secp256k1. Loaded only where a wallet's key is given.

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { WalletSigner } from '../client/wallet.js'

/** The wallet of a secret of 32 bytes; null for a number that is no key: zero, or not below the order of the curve. */
export const walletOfSecret = (secret: Uint8Array): Omit<WalletSigner, 'chainId'> | null =>
  secp256k1.utils.isValidSecretKey(secret)
    ? {
        address: addressOf(secp256k1.getPublicKey(secret, false)),
        sign: async (message) => signatureOf(message, secret),
      }
    : null

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The last 20 bytes of the hash of the public key, with a checksum in the case of the digits (EIP-55). */
const addressOf = (publicKey: Uint8Array): string => {
  const digits = hex(keccak_256(publicKey.subarray(1)).subarray(-20))
  const checksum = hex(keccak_256(Buffer.from(digits)))
  const upper = (digit: string, place: number): string =>
    Number.parseInt(checksum.charAt(place), 16) >= 8 ? digit.toUpperCase() : digit
  return `0x${[...digits].map(upper).join('')}`
}

/** `personal_sign` (EIP-191): r, s and v, with a low s and v of 27 or 28. */
const signatureOf = (message: string, secret: Uint8Array): string => {
  const bytes = Buffer.from(message)
  const prefix = Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`)
  const hash = keccak_256(Buffer.concat([prefix, bytes]))
  const [recovery = 0, ...rs] = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' })
  return `0x${hex(Uint8Array.from(rs))}${hex(Uint8Array.of(27 + recovery))}`
}
