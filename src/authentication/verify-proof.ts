// The steps that every use of a proof shares: open the challenge, count the attempt, verify.
import { type Challenge, type ChallengePurpose, isExpired } from '../challenges/challenge.js'
import type { Challenges, OpenedChallenge } from '../challenges/challenges.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { Failure } from '../failure.js'
import type { ProvenIdentity } from '../identities/identity.js'
import type { Method } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Throttle } from '../throttle/throttle.js'

/** What a caller submits to prove who it is. */
export interface SubmittedProof {
  readonly challengeId: string | null
  readonly proof: OneOf
}

/** What `verifyProof` works with. */
export interface VerifyProofNeeds {
  readonly methods: readonly Method[]
  readonly challenges: Challenges
  readonly throttle: Throttle
}

/** What a proof has shown. */
export interface VerifiedProof {
  readonly method: Method
  readonly proven: ProvenIdentity
  /** The handle that the challenge was asked for with, in canonical form, or null. */
  readonly handle: string | null
  readonly deviceName: string | null
  /** Spends the challenge; to be written in the transaction of what the proof allows. */
  readonly spend: readonly Row[]
}

/** Verifies a proof for a purpose: counts the attempt, then only reads. */
export const verifyProof = async (
  call: Call,
  submitted: SubmittedProof & { readonly purpose: ChallengePurpose },
  needs: VerifyProofNeeds,
): Promise<VerifiedProof> => {
  const { method, value } = pickMethod(needs.methods, submitted.proof)
  const found = await openChallenge(call, { challengeId: submitted.challengeId, method, value }, needs)
  const challenge = found?.challenge ?? null
  // The attempt counts whatever comes of it, in a transaction of its own: a refusal does not undo it.
  await needs.throttle.count(call, 'signIn', challenge?.subject ?? null)
  if (found !== null) needs.challenges.refuseSpent(found)
  if (method.challenge !== undefined) checkChallenge(call, challenge, { method, purpose: submitted.purpose })
  const { issuer, subject, deviceName } = await method.verify(call, value, challenge)
  return {
    method,
    proven: { method: method.name, issuer, subject },
    handle: challenge?.handle ?? null,
    deviceName,
    spend: challenge === null ? [] : [needs.challenges.spend(challenge)],
  }
}

/** The challenge that a proof names; null where its method has none, and where the id is none of ours. */
const openChallenge = async (
  call: Call,
  { challengeId, method, value }: { challengeId: string | null; method: Method; value: object },
  needs: VerifyProofNeeds,
): Promise<OpenedChallenge | null> => {
  if (method.challenge === undefined) return null
  if (challengeId === null)
    throw new Failure('BAD_USER_INPUT', 'This proof answers a challenge: give its challengeId.', {
      field: 'challengeId',
    })
  const isGuess = method.isGuess?.(value) === true
  return isGuess
    ? await needs.challenges.findForGuess(call, challengeId)
    : await needs.challenges.find(call, challengeId)
}

/** Why a challenge is not the one that was to be answered, or null when it is. */
const mismatchOf = (
  call: Call,
  challenge: Challenge,
  expected: { readonly method: Method; readonly purpose: ChallengePurpose },
): string | null => {
  if (challenge.method !== expected.method.name) return `challenge of method ${challenge.method}`
  if (challenge.purpose !== expected.purpose)
    return `challenge for ${challenge.purpose} answered for ${expected.purpose}`
  if (challenge.sessionId !== null && challenge.sessionId !== call.principal?.sessionId)
    return `challenge of session ${challenge.sessionId}`
  return null
}

const checkChallenge = (
  call: Call,
  challenge: Challenge | null,
  expected: { readonly method: Method; readonly purpose: ChallengePurpose },
): void => {
  if (challenge === null)
    throw new Failure('PROOF_REJECTED', 'This is no challenge of ours. Ask for a new one.', {
      reason: 'challenge does not open',
    })
  const reason = mismatchOf(call, challenge, expected)
  if (reason !== null)
    throw new Failure('PROOF_REJECTED', 'This challenge was issued for something else. Ask for a new one.', {
      reason,
    })
  if (isExpired(challenge, call.now)) throw new Failure('CHALLENGE_EXPIRED')
}
