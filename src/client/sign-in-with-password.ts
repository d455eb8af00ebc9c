// Signs in by a password, which a second factor completes.

import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'

/**
 * Throws `STEP_UP_REQUIRED` with `details.secondFactor` for the right password: complete it by `signIn` with
 * `answerWithCode`, `answerWithTotp` or `answerWithRecoveryCode`. `PROOF_REJECTED` for a wrong one.
 */
export const signInWithPassword = async (
  transport: Transport,
  given: { readonly login: string; readonly password: string },
): Promise<SignedIn> => await signIn(transport, { proof: { password: given } })
