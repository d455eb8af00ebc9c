// Public Ed25519 keys: their one spelling, and the key that somebody means by any other.

import type { KeyObject } from 'node:crypto'
import { readPublicKeySpelling } from './public-key-spelling.js'

/** The one spelling used here and by the server: base64 of the 32 raw bytes. */
export const publicKeyText = (key: KeyObject): string =>
  Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')

/** What a word that may be a public key turned out to be. */
export interface NamedKey {
  /** In its one spelling; null when the word is no Ed25519 key. */
  readonly publicKey: string | null
  /** What it is instead, as a sentence, where that can be told. */
  readonly because: string | null
}

/** The key that `word` is, in any of the spellings that the server takes. */
export const readPublicKey = (word: string): NamedKey => {
  const spelling = readPublicKeySpelling(word)
  return {
    publicKey: spelling.kind === 'key' ? spelling.bytes.toString('base64') : null,
    because: spelling.kind === 'other' ? spelling.because : null,
  }
}
