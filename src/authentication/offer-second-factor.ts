// Offers the challenge of a second factor of the account, which completes a first proof.
import type { Account } from '../accounts/account.js'
import { sessionIdOf } from '../authorization/principal.js'
import type { ChallengePurpose } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Method } from '../methods/method.js'
import { completingOrder } from '../methods/registry.js'
import { listAnsweringMethods } from './list-answering-methods.js'
import { type PrepareChallengeNeeds, prepareChallenge } from './prepare-challenge.js'
import type { StandingChallenge } from './standing-challenge.js'
import type { VerifiedIdentity } from './verified-proof.js'

/** What `offerSecondFactor` works with. */
export interface OfferSecondFactorNeeds extends PrepareChallengeNeeds {
  readonly methods: readonly Method[]
}

/** A first proof that does not suffice for the account. */
export interface FirstProof {
  readonly verified: VerifiedIdentity
  readonly account: Account
  /** What the proof changes in its identity. */
  readonly parts: readonly Part[]
  readonly purpose: ChallengePurpose
}

/**
 * Spends the first proof; issues a challenge of the first method that the account's owner can answer, in the order of
 * `completingOrder`. Null if there is none; then nothing was written.
 */
export const offerSecondFactor = async (
  call: Call,
  { verified, account, parts, purpose }: FirstProof,
  needs: OfferSecondFactorNeeds,
): Promise<StandingChallenge | null> => {
  const { proven, amr, deviceName, writes } = verified
  const firstFactor = { ...proven, amr, deviceName }
  const binding = {
    accountId: account.id,
    accountName: account.handle ?? account.id,
    sessionId: purpose === 'SIGN_IN' ? null : sessionIdOf(call.principal),
    firstFactor,
  }
  for (const { name: method, challengeAfter } of completingOrder(needs.methods)) {
    const draft = (await challengeAfter?.(call, account.id, firstFactor)) ?? null
    if (draft === null) continue
    const { standing, rows } = await prepareChallenge(call, { method, purpose, draft, binding }, needs)
    const methods = await listAnsweringMethods(call, standing.challenge, needs)
    await call.write(...writes, ...parts, ...rows)
    return { ...standing, methods }
  }
  return null
}
