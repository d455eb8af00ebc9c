// The steps that every use of a proof shares: the limit of attempts, the challenge, the proof itself.
import type { Acr } from '../authorization/principal.js'
import { sessionIdOf } from '../authorization/principal.js'
import {
  type Challenge,
  type ChallengePurpose,
  type FirstFactor,
  isExpired,
} from '../challenges/challenge.js'
import type { Challenges, NamedChallenge, OpenedChallenge } from '../challenges/challenges.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { CredentialStep, ProvenIdentity } from '../identities/identity.js'
import type { Attempt, IdentityMethod, Method, SecondFactor } from '../methods/method.js'
import { type OneOf, pickMethod } from '../methods/registry.js'
import type { Throttle } from '../throttle/throttle.js'
import { type NoteRejectedProofNeeds, noteRejectedProof } from './note-rejected-proof.js'

/** What a caller submits as a proof. */
export interface SubmittedProof {
  readonly challengeId: string | null
  readonly proof: OneOf
}

/** What `verifyProof` works with. */
export interface VerifyProofNeeds extends NoteRejectedProofNeeds {
  readonly methods: readonly Method[]
  readonly challenges: Challenges
  readonly identities: Identities
  readonly throttle: Throttle
}

/** The common result of all proofs. */
interface Verified {
  /** RFC 8176 values of all proofs together. */
  readonly amr: readonly string[]
  /** The spent challenge and the method's writes, for the transaction of what the proof allows. */
  readonly writes: readonly Part[]
}

/** Control of an identity: by one proof, or by a first proof and a second factor. */
export interface VerifiedIdentity extends Verified {
  readonly kind: 'identity'
  readonly method: IdentityMethod
  readonly proven: ProvenIdentity
  readonly acr: Acr
  /** The handle that was requested with the challenge, in canonical form, or null. */
  readonly handle: string | null
  readonly deviceName: string | null
  readonly credential: CredentialStep | null
  /** The account whose owner a second factor has confirmed; null after a single proof. */
  readonly accountId: string | null
}

/** A second factor alone. The caller must also have a session of this account. */
export interface VerifiedSecondFactor extends Verified {
  readonly kind: 'second_factor'
  readonly method: SecondFactor
  readonly accountId: string
}

/** The result of a proof. */
export type VerifiedProof = VerifiedIdentity | VerifiedSecondFactor

/** Verifies a proof for a purpose. What is refused before step 3 costs no try of the challenge. */
export const verifyProof = async (
  call: Call,
  submitted: SubmittedProof & { readonly purpose: ChallengePurpose },
  needs: VerifyProofNeeds,
): Promise<VerifiedProof> => {
  const { purpose, challengeId } = submitted
  const { method, value } = pickMethod(needs.methods, submitted.proof)
  if (challengeId === null && method.needsChallenge)
    throw new Failure('BAD_USER_INPUT', 'This proof answers a challenge: give its challengeId.', {
      field: 'challengeId',
    })
  const isGuess = method.isGuess?.(value) === true
  // 1 the limit comes first: what it refuses costs no statement and no try of the challenge
  const named = challengeId === null ? null : needs.challenges.name(challengeId)
  await needs.throttle.count(call, 'signIn', subjectOf(method, { proof: value, named }))
  // 2 the challenge: issued for this method, purpose and session, and still open
  const found = named && (await openChallenge(call, { named, method, purpose }, needs))
  // 3 the proof: a guess counts as a try of a held challenge, whatever the result is
  if (isGuess && found !== null) await needs.challenges.countGuess(call, found)
  const challenge = found?.challenge ?? null
  const accountId =
    challenge?.accountId ?? (purpose === 'SIGN_IN' ? null : (call.principal?.accountId ?? null))
  const attempt = { proof: value, challenge, purpose, accountId }
  const spend = challenge === null ? [] : [needs.challenges.spend(challenge)]
  const verify = async (): Promise<VerifiedProof> =>
    method.kind === 'identity'
      ? await verifyIdentity(call, { method, attempt, spend }, needs)
      : await verifySecondFactor(call, { method, attempt, spend }, needs)
  // An answer that is not a guess, such as a question whether the link was confirmed, counts as no failure.
  const about = isGuess || method.isGuess === undefined ? identityAbout(method, attempt) : null
  return await noteRejectedProof(call, { about, run: verify }, needs)
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
  const challenge = named?.kind === 'sealed' ? named.challenge : null
  return (
    identityAbout(method, { proof, challenge })?.subject ??
    (named?.kind === 'held' ? named.subjectMark : null)
  )
}

const openChallenge = async (
  call: Call,
  { named, ...expected }: Expected & { readonly named: NamedChallenge },
  { challenges }: VerifyProofNeeds,
): Promise<OpenedChallenge | null> => {
  const found = await challenges.open(call, named)
  if (found !== null) challenges.refuseSpent(found)
  checkChallenge(call, found?.challenge ?? null, expected)
  return found
}

interface Expected {
  readonly method: Method
  readonly purpose: ChallengePurpose
}

const checkChallenge = (call: Call, challenge: Challenge | null, expected: Expected): void => {
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
const mismatchOf = (call: Call, challenge: Challenge, { method, purpose }: Expected): string | null => {
  if (challenge.method !== method.name) return `challenge of method ${challenge.method}`
  if (challenge.purpose !== purpose) return `challenge for ${challenge.purpose} answered for ${purpose}`
  if (challenge.sessionId !== null && challenge.sessionId !== sessionIdOf(call.principal))
    return `challenge of session ${challenge.sessionId}`
  return null
}

interface Checked<M> {
  readonly method: M
  readonly attempt: Attempt
  readonly spend: readonly Part[]
}

const verifyIdentity = async (
  call: Call,
  { method, attempt, spend }: Checked<IdentityMethod>,
  needs: VerifyProofNeeds,
): Promise<VerifiedIdentity> => {
  const { issuer, subject, amr, acr, deviceName, credential, writes } = await method.verify(call, attempt)
  const proven = { method: method.name, issuer, subject }
  const shown = { amr, writes: [...spend, ...writes] }
  const { challenge } = attempt
  if (challenge === null || challenge.firstFactor === null)
    return {
      ...shown,
      kind: 'identity',
      method,
      proven,
      acr,
      deviceName,
      credential,
      handle: challenge?.handle ?? null,
      accountId: null,
    }
  // An identity completes only a first proof of another identity of the same account.
  const first = challenge.firstFactor
  if (isSame(proven, first))
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the second proof is the first one again' })
  const { found } = await needs.identities.lookUp(call, proven, null)
  if (found === null || found.account.id !== challenge.accountId)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the second proof is not of the same account' })
  const used = [...shown.writes, ...needs.identities.usesOf(found, credential)]
  return completed({ first, accountId: challenge.accountId, shown: { amr, writes: used } }, needs)
}

const isSame = (one: ProvenIdentity, other: ProvenIdentity): boolean =>
  one.method === other.method && one.issuer === other.issuer && one.subject === other.subject

const verifySecondFactor = async (
  call: Call,
  { method, attempt, spend }: Checked<SecondFactor>,
  needs: VerifyProofNeeds,
): Promise<VerifiedProof> => {
  const { challenge } = attempt
  if (challenge === null || challenge.accountId === null)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the challenge names no account' })
  const { accountId } = challenge
  const { amr, writes } = await method.verify(call, { ...attempt, challenge, accountId })
  const shown = { amr, writes: [...spend, ...writes] }
  if (challenge.firstFactor !== null)
    return completed({ first: challenge.firstFactor, accountId, shown }, needs)
  if (challenge.purpose !== 'STEP_UP')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor without a first one' })
  return { ...shown, kind: 'second_factor', method, accountId }
}

/** A first proof completed by a second one. RFC 8176: `mfa` if more than one factor was used. */
const completed = (
  proofs: { readonly first: FirstFactor; readonly accountId: string; readonly shown: Verified },
  needs: VerifyProofNeeds,
): VerifiedIdentity => {
  const { first, accountId, shown } = proofs
  const method = needs.methods.find(({ name }) => name === first.method)
  if (method?.kind !== 'identity')
    throw new Failure('PROOF_REJECTED', 'Sign in again.', { reason: `no method ${first.method} any more` })
  const { issuer, subject, deviceName } = first
  return {
    kind: 'identity',
    method,
    proven: { method: first.method, issuer, subject },
    acr: 'aal2',
    amr: [...new Set([...first.amr, ...shown.amr, 'mfa'])],
    writes: shown.writes,
    handle: null,
    deviceName,
    credential: null,
    accountId,
  }
}
