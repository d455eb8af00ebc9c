// Authenticator data (WebAuthn level 3, 6.1): the fields that are compared, read without a decoder.
import { areItems } from './cbor-bounds.js'

/** What an authenticator says about one ceremony. */
export interface AuthenticatorData {
  readonly rpIdHash: Buffer
  readonly isUserPresent: boolean
  readonly isUserVerified: boolean
  /** Whether the passkey may be copied to other devices; it never changes. */
  readonly isBackupEligible: boolean
  readonly isBackedUp: boolean
  /** How often the passkey has signed; 0 always where the authenticator does not count. */
  readonly counter: number
}

const flag = {
  present: 0x01,
  verified: 0x04,
  backupEligible: 0x08,
  backedUp: 0x10,
  attested: 0x40,
  extended: 0x80,
}

/** Hash of the RP ID, flags, counter. */
const headLength = 37
/** AAGUID and the length of the credential id, before the id. */
const attestedLength = 18

/** The data; null if its parts do not fill it exactly, or its CBOR is not within the bounds. */
export const readAuthenticatorData = (bytes: Buffer): AuthenticatorData | null => {
  if (bytes.length < headLength) return null
  const flags = bytes.readUInt8(32)
  const has = (bit: number): boolean => (flags & bit) !== 0
  let start = headLength
  if (has(flag.attested)) {
    if (bytes.length < headLength + attestedLength) return null
    start += attestedLength + bytes.readUInt16BE(headLength + 16)
  }
  const items = Number(has(flag.attested)) + Number(has(flag.extended))
  if (start > bytes.length || !areItems(bytes, start, items)) return null
  return {
    rpIdHash: bytes.subarray(0, 32),
    isUserPresent: has(flag.present),
    isUserVerified: has(flag.verified),
    isBackupEligible: has(flag.backupEligible),
    isBackedUp: has(flag.backedUp),
    counter: bytes.readUInt32BE(33),
  }
}
