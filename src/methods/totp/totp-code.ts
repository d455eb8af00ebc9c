// A TOTP code as people type it, and the check of it against a stored secret.
import { readTypedCode } from '../../challenges/read-typed-code.js'
import { Failure } from '../../failure.js'
import type { SecondFactor } from '../../second-factors/second-factor.js'
import type { KeyRing } from '../../tokens/key-ring.js'
import { type TotpCredential, totpCredentialOf, totpStepOf, unsealTotpSecret } from './totp-secret.js'

const codeForm = { alphabet: '0123456789', length: 6 }

/** The six digits of a code in any spelling; `BAD_USER_INPUT` for anything else. */
export const parseTotpCode = (typed: string): string => {
  const code = readTypedCode(typed, codeForm)
  if (code === null)
    throw new Failure('BAD_USER_INPUT', `A code is made of ${codeForm.length} digits.`, { field: 'code' })
  return code
}

/**
 * The credential after the use of a code. `PROOF_REJECTED` for a wrong code, and for one that is not newer than the
 * last one that was used (RFC 6238 5.2).
 */
export const useTotpCode = (
  factor: SecondFactor,
  typed: string,
  { keyRing, now }: { readonly keyRing: KeyRing; readonly now: Date },
): TotpCredential => {
  const credential = totpCredentialOf(factor)
  const secret = unsealTotpSecret(keyRing, credential.sealed)
  if (secret === null) throw new Error(`no listed secret opens the TOTP ${factor.id}`)
  const step = totpStepOf(secret, parseTotpCode(typed), now)
  if (step === null) throw new Failure('PROOF_REJECTED', undefined, { reason: 'another TOTP code' })
  if (credential.step !== null && step <= credential.step)
    throw new Failure('PROOF_REJECTED', 'This code was used already. Wait for the next one.', {
      reason: `TOTP code of step ${step}, not after ${credential.step}`,
    })
  return { ...credential, step }
}
