// What is stored of a passkey (WebAuthn level 3, 4: credential record), in identity.credential.
import type { JsonObject } from '../../database/json.js'

/** The credential of a passkey. */
export interface PasskeyCredential extends JsonObject {
  /** The COSE key (RFC 9052 7), in base64url. */
  readonly publicKey: string
  /** The counter of the last proof; 0 where the authenticator does not count. */
  readonly counter: number
  readonly transports: readonly string[]
  /** The user handle with which it was registered, in base64url. Merging accounts does not change it. */
  readonly userHandle: string
  /**
   * Whether the authenticator verified its user when the passkey was registered, or since then within a session of
   * `aal2`. Before that, user verification proves nothing: a thief can set the first PIN of a key that has none.
   */
  readonly userVerified: boolean
  /** Whether it may be copied to other devices. */
  readonly backupEligible: boolean
  /** Whether it was copied, as of the last proof. */
  readonly backedUp: boolean
}

/** The credential that this method has stored. */
export const parseCredential = (stored: JsonObject): PasskeyCredential => stored as PasskeyCredential

/** The user handle of an account: the 16 bytes of its id, which say nothing about a person, in base64url. */
export const userHandleFor = (accountId: string): string =>
  Buffer.from(accountId.replaceAll('-', ''), 'hex').toString('base64url')
