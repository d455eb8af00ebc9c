// The steps that every use of a proof shares: open the challenge, count the attempt, verify.
import { type Challenge, type ChallengePurpose, isExpired } from '../challenges/challenge.js'
import type { Challenges } from '../challenges/challenges.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
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
export interface VerifyProofRooms {
  readonly methods: readonly Method[]
  readonly sealedChallenges: SealedChallenges
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
  rooms: VerifyProofRooms,
): Promise<VerifiedProof> => {
  const { method, value } = pickMethod(rooms.methods, submitted.proof)
  const challenge = await openChallenge(submitted.challengeId, method, rooms)
  // The attempt counts whatever comes of it: a transaction of its own, before the answer.
  await rooms.throttle.count(call, 'signIn', challenge?.subject ?? null)
  if (challenge !== null) checkChallenge(call, challenge, { method, purpose: submitted.purpose })
  const { issuer, subject, deviceName } = await method.verify(call, value, challenge)
  return {
    method,
    proven: { method: method.name, issuer, subject },
    handle: challenge?.handle ?? null,
    deviceName,
    spend: challenge === null ? [] : [rooms.challenges.spend(challenge)],
  }
}

/** The challenge that a proof answers, or null where its method has none. */
const openChallenge = async (
  challengeId: string | null,
  method: Method,
  rooms: VerifyProofRooms,
): Promise<Challenge | null> => {
  if (method.challenge === undefined) return null
  if (challengeId === null)
    throw new Failure('BAD_USER_INPUT', 'This proof answers a challenge: give its challengeId.', {
      field: 'challengeId',
    })
  const challenge = await rooms.sealedChallenges.open(challengeId)
  if (challenge === null)
    throw new Failure('PROOF_REJECTED', 'This is no challenge of ours. Ask for a new one.', {
      reason: 'challenge does not open',
    })
  return challenge
}

const checkChallenge = (
  call: Call,
  challenge: Challenge,
  expected: { readonly method: Method; readonly purpose: ChallengePurpose },
): void => {
  const mismatch =
    challenge.method !== expected.method.name
      ? `challenge of method ${challenge.method}`
      : challenge.purpose !== expected.purpose
        ? `challenge for ${challenge.purpose} answered for ${expected.purpose}`
        : challenge.sessionId !== null && challenge.sessionId !== call.principal?.sessionId
          ? `challenge of session ${challenge.sessionId}`
          : null
  if (mismatch !== null)
    throw new Failure('PROOF_REJECTED', 'This challenge was issued for something else. Ask for a new one.', {
      reason: mismatch,
    })
  if (isExpired(challenge, call.now)) throw new Failure('CHALLENGE_EXPIRED')
}
