// Answers a first proof that opens no identity by itself: with the challenge that completes it, or a refusal.
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { ClosedIdentity } from '../identities/open-identity.js'
import type { StandingChallenge } from './standing-challenge.js'
import type { VerifiedIdentity } from './verified-proof.js'
import { type WantSecondFactorNeeds, wantSecondFactor } from './want-second-factor.js'

/** A first proof whose identity needs a second one. */
export interface HalfProven {
  readonly outcome: 'second_factor'
  readonly challenge: StandingChallenge
}

/** Issues the challenge of a sign-in that completes the proof. Throws why the identity stays closed otherwise. */
export const answerClosedIdentity = async (
  call: Call,
  { closed, verified }: { readonly closed: ClosedIdentity; readonly verified: VerifiedIdentity },
  needs: WantSecondFactorNeeds,
): Promise<HalfProven> => {
  switch (closed.outcome) {
    case 'second_factor': {
      const { account, parts } = closed
      const challenge = await wantSecondFactor(call, { verified, account, parts, purpose: 'SIGN_IN' }, needs)
      return { outcome: 'second_factor', challenge }
    }
    case 'other_account':
      throw new Failure('PROOF_REJECTED', undefined, { reason: 'the first proof leads elsewhere by now' })
    case 'refused':
      throw closed.failure
    default:
      return assertNever(closed)
  }
}
