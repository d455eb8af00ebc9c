// The keys derived from IDEM_SECRET: one for each purpose and each secret of the list.
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { equalBytes, type Secret } from './secret.js'

/** What a derived key is for; two purposes never share a key (RFC 5869 3.2). */
export type KeyPurpose =
  | 'challenge'
  | 'refresh-token'
  | 'signing-key'
  | 'email-code'
  | 'email-link'
  | 'email-match'

const purposes: readonly KeyPurpose[] = [
  'challenge',
  'refresh-token',
  'signing-key',
  'email-code',
  'email-link',
  'email-match',
]

/** One 256-bit key of one purpose. */
export interface DerivedKey {
  /** Names the secret that it came from, without telling anything of it. */
  readonly id: string
  readonly bytes: Uint8Array
  /** The same, imported once: HMACs are then made without doing so each time. */
  readonly key: KeyObject
}

const derive = (secret: Secret, label: string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret.reveal(), 'idem', label, length))

/** The keys of all secrets: the first seals, all open. So a secret is replaced by putting the new one before it. */
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

  /** The keys of a purpose, the sealing one first. */
  keys(purpose: KeyPurpose): readonly DerivedKey[] {
    return this.#keys.get(purpose) ?? []
  }

  /** The key that seals now. */
  sealing(purpose: KeyPurpose): DerivedKey {
    const [first] = this.keys(purpose)
    if (first === undefined) throw new Error('there is no secret to derive keys from')
    return first
  }

  /** HMAC-SHA256 of `data` under the sealing key. */
  mac(purpose: KeyPurpose, data: Uint8Array): Buffer {
    return createHmac('sha256', this.sealing(purpose).key).update(data).digest()
  }

  /** HMAC-SHA256 of `data` under each of the keys, the sealing one first. */
  macs(purpose: KeyPurpose, data: Uint8Array): Buffer[] {
    return this.keys(purpose).map((key) => createHmac('sha256', key.key).update(data).digest())
  }

  /** True when `mac` is that of `data` under any of the keys. */
  checksMac(purpose: KeyPurpose, data: Uint8Array, mac: Uint8Array): boolean {
    return this.macs(purpose, data).some((own) => equalBytes(own, mac))
  }
}
