// The hash that a wallet signs for a text (EIP-191 version 0x45, `personal_sign`).
import { keccak_256 } from '@noble/hashes/sha3.js'

/** Keccak-256 of the prefix, the length of the text in bytes, and the text as UTF-8. */
export const personalHash = (text: string): Uint8Array => {
  const bytes = Buffer.from(text, 'utf8')
  return keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes]))
}
