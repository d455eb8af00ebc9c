// Asks for a second factor of the account, which completes a first proof at the doors that open only with both.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type FirstProof, type OfferSecondFactorNeeds, offerSecondFactor } from './offer-second-factor.js'
import type { StandingChallenge } from './standing-challenge.js'

/** What `wantSecondFactor` works with. */
export interface WantSecondFactorNeeds extends OfferSecondFactorNeeds {}

/** Spends the first proof and issues the challenge; `PROOF_REJECTED` if the account has no second factor that works. */
export const wantSecondFactor = async (
  call: Call,
  first: FirstProof,
  needs: WantSecondFactorNeeds,
): Promise<StandingChallenge> => {
  const challenge = await offerSecondFactor(call, first, needs)
  if (challenge !== null) return challenge
  const { id, level } = first.account
  throw new Failure(
    'PROOF_REJECTED',
    'This account needs a second factor, and it has none that works here.',
    { reason: `account ${id} of level ${level} has no second factor` },
  )
}
