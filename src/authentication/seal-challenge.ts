// Issues a challenge that a machine answers at once: its asker holds it, sealed, and nothing is written.
import type { ChallengeTerms, SealedDraft } from '../challenges/challenge.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
import type { Call } from '../database/call.js'
import type { Random } from '../runtime/random.js'
import type { ChallengeParts, StandingChallenge } from './standing-challenge.js'

/** What `sealChallenge` works with. */
export interface SealChallengeNeeds {
  readonly sealedChallenges: SealedChallenges
  readonly random: Random
  readonly domain: string
  readonly challengeLifetimeSeconds: number
}

/** 128 bits: no two challenges share a nonce. In bytes. */
const nonceLength = 16

/** A challenge that its asker holds. */
export const sealChallenge = async (
  call: Call,
  { draft, method, purpose, asker }: ChallengeParts<SealedDraft>,
  needs: SealChallengeNeeds,
): Promise<StandingChallenge> => {
  const terms: ChallengeTerms = {
    purpose,
    domain: needs.domain,
    nonce: needs.random.bytes(nonceLength).toString('hex'),
    issuedAt: call.now,
    expiresAt: new Date(call.now.getTime() + needs.challengeLifetimeSeconds * 1000),
    accountName: asker?.name ?? null,
  }
  const { subject, handle } = draft
  const { nonce, expiresAt } = terms
  const sessionId = asker?.sessionId ?? null
  const message = draft.compose(terms)
  const challenge = {
    nonce,
    method,
    purpose,
    sessionId,
    subject,
    handle,
    message,
    confirmed: false,
    expiresAt,
  }
  const id = await needs.sealedChallenges.seal(challenge)
  return { id, challenge, status: 'PENDING', mailState: null }
}
