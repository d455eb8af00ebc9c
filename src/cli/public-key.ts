// Public Ed25519 keys: the canonical spelling, and parsing of all others.

import type { KeyObject } from 'node:crypto'
import { readPublicKeySpelling } from './public-key-spelling.js'

/** The canonical spelling: base64 of the 32 raw bytes. */
export const publicKeyText = (key: KeyObject): string =>
  Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')

/** The result of parsing a text as a public key. */
export interface NamedKey {
  /** The canonical spelling; null if the text is not an Ed25519 key. */
  readonly publicKey: string | null
  /** What it is instead, as a sentence, if that is known. */
  readonly because: string | null
}

/** Parses `word` in all spellings that the server accepts. */
export const readPublicKey = (word: string): NamedKey => {
  const spelling = readPublicKeySpelling(word)
  return {
    publicKey: spelling.kind === 'key' ? spelling.bytes.toString('base64') : null,
    because: spelling.kind === 'other' ? spelling.because : null,
  }
}
