// The steps that every use of a proof shares: the limit of attempts, the challenge, the proof itself.
import { sessionIdOf } from '../authorization/principal.js'
import { type Challenge, type ChallengePurpose, isExpired } from '../challenges/challenge.js'
import type { Challenges, NamedChallenge, OpenedChallenge } from '../challenges/challenges.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { ProvenIdentity } from '../identities/identity.js'
import type { Attempt, Method } from '../methods/method.js'
import { isOfSecondFactor, type OneOf, pickMethod } from '../methods/registry.js'
import type { Throttle } from '../throttle/throttle.js'
import { type NoteRejectedProofNeeds, noteRejectedProof, type TriedIdentity } from './note-rejected-proof.js'
import type { VerifiedProof } from './verified-proof.js'
import { type VerifyAttemptNeeds, verifyAttempt } from './verify-attempt.js'

/** What a caller submits as a proof. */
export interface SubmittedProof {
  readonly challengeId: string | null
  readonly proof: OneOf
}

/** What `verifyProof` works with. */
export interface VerifyProofNeeds extends VerifyAttemptNeeds, NoteRejectedProofNeeds {
  readonly challenges: Challenges
  readonly throttle: Throttle
}

/** Verifies a proof for a purpose. What is refused before step 3 costs no try of the challenge. */
export const verifyProof = async (
  call: Call,
  submitted: SubmittedProof & { readonly purpose: ChallengePurpose },
  needs: VerifyProofNeeds,
): Promise<VerifiedProof> => {
  const { purpose, challengeId } = submitted
  const { method, value } = pickMethod(needs.methods, submitted.proof)
  // Without a challenge only the session says whose second factor it is, and only a step-up is about the session.
  const isAboutSession = method.kind === 'second_factor' && purpose === 'STEP_UP'
  if (challengeId === null && (method.needsChallenge || (method.kind === 'second_factor' && !isAboutSession)))
    throw new Failure('BAD_USER_INPUT', 'This proof answers a challenge: give its challengeId.', {
      field: 'challengeId',
    })
  const isGuess = method.isGuess?.(value) === true
  // 1 the limit comes first: what it refuses costs no statement and no try of the challenge
  const named = challengeId === null ? null : needs.challenges.name(challengeId)
  await needs.throttle.count(call, 'signIn', subjectOf(method, { proof: value, named }))
  if (method.kind === 'identity') method.admit?.(call)
  // 2 the challenge: issued for this method, purpose and session, and still open
  const found = named && (await openChallenge(call, { named, method, purpose }, needs))
  // 3 the proof: a guess counts as a try of a held challenge, whatever the result is
  const challenge = found?.challenge ?? null
  const accountId =
    challenge?.accountId ?? (purpose === 'SIGN_IN' ? null : (call.principal?.accountId ?? null))
  if (isGuess) await countGuess(call, { method, found, accountId }, needs)
  const attempt = { proof: value, challenge, purpose, accountId }
  const spend = challenge === null ? [] : [needs.challenges.spend(challenge)]
  // An answer that is not a guess, such as a question whether the link was confirmed, counts as no failure.
  const isTry = isGuess || method.isGuess === undefined
  const about = async () => (isTry ? await triedBy(call, method, attempt) : null)
  const verify = async () => await verifyAttempt(call, { method, attempt, spend }, needs)
  const run = async () => await unlessSpent(call, { found, verify }, needs)
  return await noteRejectedProof(call, { about, run }, needs)
}

/** Counts a guess for its challenge; then for the account, where it completes another proof or a session. */
const countGuess = async (
  call: Call,
  {
    method,
    found,
    accountId,
  }: {
    readonly method: Method
    readonly found: OpenedChallenge | null
    readonly accountId: string | null
  },
  { challenges }: VerifyProofNeeds,
): Promise<void> => {
  if (found !== null) await challenges.countGuess(call, found)
  const completes = method.kind === 'second_factor' || (found?.challenge.firstFactor ?? null) !== null
  if (!completes || accountId === null) return
  try {
    await method.countTry?.(call, accountId)
  } catch (error) {
    // It is not compared, so the challenge keeps its tries, for a recovery code or for later.
    if (found !== null && error instanceof Failure) await challenges.returnGuess(call, found)
    throw error
  }
}

/**
 * `CHALLENGE_SPENT` for a proof that is rejected after its sealed challenge was spent. A request that is sent again is no
 * failed proof, although a passkey's counter has moved on meanwhile.
 */
const unlessSpent = async <T>(
  call: Call,
  { found, verify }: { readonly found: OpenedChallenge | null; readonly verify: () => Promise<T> },
  { challenges }: VerifyProofNeeds,
): Promise<T> => {
  try {
    return await verify()
  } catch (error) {
    const isRejected = error instanceof Failure && error.code === 'PROOF_REJECTED'
    if (!isRejected || found?.kind !== 'sealed') throw error
    if ((await challenges.statusOf(call, found)) !== 'SPENT') throw error
    throw new Failure('CHALLENGE_SPENT', undefined, { reason: `nonce ${found.challenge.nonce}` })
  }
}

/** For what a failure of an attempt is counted: a second factor without a first proof is tried within a session. */
const triedBy = async (call: Call, method: Method, attempt: Attempt): Promise<TriedIdentity | null> => {
  const sessionId = sessionIdOf(call.principal)
  const isFirst = (attempt.challenge?.firstFactor ?? null) === null
  if (isFirst && method.kind === 'identity' && method.failedIdentity !== undefined)
    return { method: method.name, ...(await method.failedIdentity(call, attempt)) }
  const identity = identityAbout(method, attempt)
  if (identity !== null || method.kind !== 'second_factor' || sessionId === null) return identity
  return { sessionId }
}

/** The identity of an attempt; for a second factor, that of the first proof. Null if it is unknown. */
const identityAbout = (
  method: Method,
  attempt: Pick<Attempt, 'proof' | 'challenge'>,
): ProvenIdentity | null => {
  const first = attempt.challenge?.firstFactor ?? null
  if (first !== null) return first
  const about = method.kind === 'identity' ? method.about(attempt) : null
  return about && { method: method.name, ...about }
}

/** The subject for the limit, as far as it is known without a query. */
const subjectOf = (
  method: Method,
  { proof, named }: { readonly proof: object; readonly named: NamedChallenge | null },
): string | null => {
  // Not what the proof says: with other logins, one account would be tried as many.
  if (named?.kind === 'held') return named.subjectMark
  return identityAbout(method, { proof, challenge: named?.challenge ?? null })?.subject ?? null
}

const openChallenge = async (
  call: Call,
  { named, ...expected }: Expected & { readonly named: NamedChallenge },
  { challenges, methods }: VerifyProofNeeds,
): Promise<OpenedChallenge | null> => {
  const found = await challenges.open(call, named)
  if (found !== null) challenges.refuseSpent(found)
  checkChallenge(call, found?.challenge ?? null, { ...expected, methods })
  return found
}

interface Expected {
  readonly method: Method
  readonly purpose: ChallengePurpose
}

const checkChallenge = (
  call: Call,
  challenge: Challenge | null,
  expected: Expected & { readonly methods: readonly Method[] },
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

/** Why a challenge does not fit the answer; null if it does. */
const mismatchOf = (
  call: Call,
  challenge: Challenge,
  { method, methods, purpose }: Expected & { readonly methods: readonly Method[] },
): string | null => {
  const standsIn =
    method.kind === 'second_factor' && method.standsIn !== undefined && isOfSecondFactor(methods, challenge)
  if (challenge.method !== method.name && !standsIn) return `challenge of method ${challenge.method}`
  if (challenge.purpose !== purpose) return `challenge for ${challenge.purpose} answered for ${purpose}`
  if (challenge.sessionId !== null && challenge.sessionId !== sessionIdOf(call.principal))
    return `challenge of session ${challenge.sessionId}`
  return null
}
