// Sealed values: encrypted data that a client or the database stores for us, unreadable and unchangeable (JWE, RFC 7516).
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../runtime/random.js'
import type { DerivedKey, KeyPurpose, KeyRing } from './key-ring.js'
import { bytesOfBase64url } from './one-spelling.js'

const cipher = 'aes-256-gcm'
/** RFC 7518 5.3: a random initialisation vector of 96 bits, and an authentication tag of 128 bits. In bytes. */
const [vectorLength, tagLength] = [12, 16]

/** What `seal` works with. */
export interface SealNeeds {
  readonly keyRing: KeyRing
  readonly random: Random
}

/** The protected header: the first part of every value that the key has sealed. */
const headerOf = ({ id }: DerivedKey): string =>
  Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: id })).toString('base64url')

/** The beginning of every value that is sealed for a purpose now; values of older secrets begin otherwise. */
export const sealedPrefix = (keyRing: KeyRing, purpose: KeyPurpose): string =>
  `${headerOf(keyRing.sealing(purpose))}.`

/**
 * Encrypts JSON `data` for a purpose as a compact JWE (RFC 7516 5.1). The cipher is called here, and not through jose,
 * whose WebCrypto sends each value to a thread of its own: ten times the work for texts of this length.
 */
export const seal = ({ keyRing, random }: SealNeeds, purpose: KeyPurpose, data: object): string => {
  const key = keyRing.sealing(purpose)
  const header = headerOf(key)
  const vector = random.bytes(vectorLength)
  const encrypt = createCipheriv(cipher, key.key, vector).setAAD(Buffer.from(header))
  const sealed = Buffer.concat([encrypt.update(JSON.stringify(data), 'utf8'), encrypt.final()])
  const parts = [vector, sealed, encrypt.getAuthTag()].map((part) => part.toString('base64url'))
  // The second part, the encrypted key, is empty: the key is shared (RFC 7518 4.5).
  return [header, '', ...parts].join('.')
}

/**
 * The data of a sealed value, and whether an older secret decrypted it; null if none of our secrets sealed it for this
 * purpose.
 */
export const unseal = (
  keyRing: KeyRing,
  purpose: KeyPurpose,
  sealed: string,
): { readonly data: unknown; readonly byOlderSecret: boolean } | null => {
  const [header = '', encryptedKey, ...parts] = sealed.split('.')
  const key = keyRing.keys(purpose).find((candidate) => headerOf(candidate) === header)
  const [vector, text, tag, ...rest] = parts.map(bytesOfBase64url)
  if (key === undefined || encryptedKey !== '' || !vector || !text || !tag || rest.length > 0) return null
  if (vector.length !== vectorLength || tag.length !== tagLength) return null
  try {
    const decrypt = createDecipheriv(cipher, key.key, vector, { authTagLength: tagLength })
      .setAAD(Buffer.from(header))
      .setAuthTag(tag)
    const plain = Buffer.concat([decrypt.update(text), decrypt.final()])
    return { data: JSON.parse(plain.toString()), byOlderSecret: key !== keyRing.sealing(purpose) }
  } catch {
    // Not sealed by this key, or modified: the caller treats both alike.
    return null
  }
}
