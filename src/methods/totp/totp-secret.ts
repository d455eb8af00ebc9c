// A TOTP secret (RFC 6238): its codes, its URI, and how it is stored.
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { JsonObject } from '../../database/json.js'
import type { Random } from '../../runtime/random.js'
import type { KeyRing } from '../../tokens/key-ring.js'
import { type SealNeeds, seal, unseal } from '../../tokens/sealed-value.js'

/** RFC 4226 4 R6: 160 bits. In bytes. */
const secretLength = 20
/** RFC 6238 5.2. SHA-1, six digits and this step are the only parameters that all authenticator apps support. */
const stepSeconds = 30
const base32 = new ScureBase32Plugin()

/** A new secret, as base32 (RFC 4648 6) without padding. */
export const newTotpSecret = (random: Random): string => base32.encode(random.bytes(secretLength))

/** The `otpauth:` URI by which an authenticator app takes a secret over. */
export const totpUriOf = (
  secret: string,
  names: { readonly issuer: string; readonly label: string },
): string => generateURI({ ...names, secret })

/**
 * The step of which `code` is, from the one before `now` to the one after, because clocks differ (RFC 6238 6); null for
 * any other code.
 */
export const totpStepOf = (secret: string, code: string, now: Date): number | null => {
  const epoch = Math.floor(now.getTime() / 1000)
  const result = verifySync({ secret, token: code, epoch, epochTolerance: stepSeconds })
  return result.valid && 'timeStep' in result ? result.timeStep : null
}

/** The credential of a TOTP: the sealed secret, and the step of the last code that was used; null before the first. */
export interface TotpCredential extends JsonObject {
  readonly sealed: string
  readonly step: number | null
}

/** The sealed form of a secret. */
export const sealTotpSecret = (needs: SealNeeds, secret: string): string => seal(needs, 'totp', { secret })

/** The secret in a sealed form; null if none of the listed secrets of the installation has sealed it. */
export const unsealTotpSecret = (keyRing: KeyRing, sealed: string): string | null => {
  const opened = unseal(keyRing, 'totp', sealed)
  // Only `sealTotpSecret` has the key, so the content is what it wrote.
  return opened && (opened.data as { secret: string }).secret
}

/** The parsed credential of a row. */
export const totpCredentialOf = ({ credential }: { readonly credential: JsonObject }): TotpCredential =>
  credential as TotpCredential
