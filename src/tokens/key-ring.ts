// The keys derived from IDEM_SECRET: one for each purpose and each secret in the list.
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { equalBytes, type Secret } from './secret.js'

/** The purpose of a derived key; two purposes never share a key (RFC 5869 3.2). */
export type KeyPurpose =
  | 'challenge'
  | 'refresh-token'
  | 'signing-key'
  | 'email-code'
  | 'email-link'
  | 'email-match'
  | 'held-subject'
  | 'reset-cancel'
  | 'totp'
  | 'login-code'
  | 'merge-ticket'
  | 'webhook'

const purposes: readonly KeyPurpose[] = [
  'challenge',
  'refresh-token',
  'signing-key',
  'email-code',
  'email-link',
  'email-match',
  'held-subject',
  'reset-cancel',
  'totp',
  'login-code',
  'merge-ticket',
  'webhook',
]

/** A 256-bit key for one purpose. */
export interface DerivedKey {
  /** Identifies the secret from which the key was derived, without disclosing anything about it. */
  readonly id: string
  readonly bytes: Uint8Array
  /** The same key, imported once and not again for each HMAC. */
  readonly key: KeyObject
}

const derive = (secret: Secret, label: string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret.reveal(), 'idem', label, length))

/**
 * The keys of all secrets: the first encrypts, all decrypt, so a secret is replaced by listing the new one before it.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<KeyPurpose, readonly DerivedKey[]>

  constructor(secrets: readonly Secret[]) {
    this.#keys = new Map(
      purposes.map((purpose) => [
        purpose,
        secrets.map((secret) => {
          const bytes = derive(secret, purpose, 32)
          const id = Buffer.from(derive(secret, 'id', 6)).toString('base64url')
          return { id, bytes, key: createSecretKey(bytes) }
        }),
      ]),
    )
  }

  /** The keys for a purpose, the one that encrypts first. */
  keys(purpose: KeyPurpose): readonly DerivedKey[] {
    return this.#keys.get(purpose) ?? []
  }

  /** The key that encrypts. */
  sealing(purpose: KeyPurpose): DerivedKey {
    const [first] = this.keys(purpose)
    if (first === undefined) throw new Error('there is no secret to derive keys from')
    return first
  }

  /** HMAC-SHA256 of `data` with the first key. */
  mac(purpose: KeyPurpose, data: Uint8Array): Buffer {
    return createHmac('sha256', this.sealing(purpose).key).update(data).digest()
  }

  /** HMAC-SHA256 of `data` with each of the keys, in their order. */
  macs(purpose: KeyPurpose, data: Uint8Array): Buffer[] {
    return this.keys(purpose).map((key) => createHmac('sha256', key.key).update(data).digest())
  }

  /** True if `mac` is the HMAC of `data` with any of the keys. */
  checksMac(purpose: KeyPurpose, data: Uint8Array, mac: Uint8Array): boolean {
    return this.macs(purpose, data).some((own) => equalBytes(own, mac))
  }
}
