// The challenge that completes a first proof, where the account asks for a second factor, and its answers.

import { IdemError } from './idem-error.js'
import type { Answer } from './proof.js'

/** The challenge of a second factor. The id must be kept secret, because everyone who knows it can answer. */
export interface SecondFactor {
  readonly id: string
  /** The method that it asks for, such as `email`, `totp` or `password`. */
  readonly method: string
  /** All methods that may answer it, such as `recoveryCode` too. */
  readonly methods: readonly string[]
}

/** The fields of a `SecondFactor`. */
export const secondFactorFields = 'id method methods'

/** The failure of a first proof that a second one must complete, with its challenge in `details.secondFactor`. */
export const secondFactorWanted = (secondFactor: SecondFactor): IdemError =>
  new IdemError('STEP_UP_REQUIRED', 'This account asks for a second factor.', { secondFactor })

/** The challenge that an error of `signIn` or `stepUp` carries; null if it is another error. */
export const secondFactorIn = (error: unknown): SecondFactor | null =>
  error instanceof IdemError && error.code === 'STEP_UP_REQUIRED'
    ? (error.details.secondFactor ?? null)
    : null

/** The code of an authenticator app. */
export const answerWithTotp = (challengeId: string, code: string): Answer => ({
  challengeId,
  proof: { totp: { code } },
})

/** A recovery code, which serves once. */
export const answerWithRecoveryCode = (challengeId: string, code: string): Answer => ({
  challengeId,
  proof: { recoveryCode: { code } },
})

/** The password, where the challenge names the account. */
export const completeWithPassword = (challengeId: string, password: string): Answer => ({
  challengeId,
  proof: { password: { password } },
})
