// Verifies one attempt: by its method, and together with the first proof where its challenge completes one.
import type { FirstFactor } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { assertNever, Failure } from '../failure.js'
import type { ProvenIdentity } from '../identities/identity.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import type { Attempt, HandoverMethod, IdentityMethod, Method, SecondFactor } from '../methods/method.js'
import type { Verified, VerifiedIdentity, VerifiedProof } from './verified-proof.js'

/** What `verifyAttempt` works with. */
export interface VerifyAttemptNeeds {
  readonly methods: readonly Method[]
  readonly provenIdentities: ProvenIdentities
}

/** An attempt with its method, and what spends its challenge. */
export interface Checked<M> {
  readonly method: M
  readonly attempt: Attempt
  readonly spend: readonly Part[]
}

/** What an attempt has shown; it only reads. Throws `PROOF_REJECTED` where it has shown nothing. */
export const verifyAttempt = async (
  call: Call,
  { method, attempt, spend }: Checked<Method>,
  needs: VerifyAttemptNeeds,
): Promise<VerifiedProof> => {
  switch (method.kind) {
    case 'identity':
      return await verifyIdentity(call, { method, attempt, spend }, needs)
    case 'second_factor':
      return await verifySecondFactor(call, { method, attempt, spend }, needs)
    case 'handover':
      return await verifyHandover(call, { method, attempt, spend }, needs)
    default:
      return assertNever(method)
  }
}

const verifyIdentity = async (
  call: Call,
  { method, attempt, spend }: Checked<IdentityMethod>,
  needs: VerifyAttemptNeeds,
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
  const { found } = await needs.provenIdentities.lookUp(call, proven, null)
  if (found === null || found.account.id !== challenge.accountId)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the second proof is not of the same account' })
  const used = [...shown.writes, ...needs.provenIdentities.usesOf(call, found, credential)]
  return completed({ first, accountId: challenge.accountId, shown: { amr, writes: used } }, needs)
}

const isSame = (one: ProvenIdentity, other: ProvenIdentity): boolean =>
  one.method === other.method && one.issuer === other.issuer && one.subject === other.subject

const verifySecondFactor = async (
  call: Call,
  { method, attempt, spend }: Checked<SecondFactor>,
  needs: VerifyAttemptNeeds,
): Promise<VerifiedProof> => {
  const { accountId } = attempt
  if (accountId === null)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the challenge names no account' })
  const { amr, writes } = await method.verify(call, { ...attempt, accountId })
  const shown = { amr, writes: [...spend, ...writes] }
  const first = attempt.challenge?.firstFactor ?? null
  if (first !== null) return completed({ first, accountId, shown }, needs)
  if (attempt.purpose !== 'STEP_UP')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor without a first one' })
  return { ...shown, kind: 'second_factor', method, accountId }
}

/** What another method has proven elsewhere, with the level that it had there. It opens sessions only. */
const verifyHandover = async (
  call: Call,
  { method, attempt, spend }: Checked<HandoverMethod>,
  needs: VerifyAttemptNeeds,
): Promise<VerifiedIdentity> => {
  if (attempt.purpose !== 'SIGN_IN')
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} only signs in.`, { field: 'proof' })
  const { grant, writes } = await method.verify(call, attempt)
  return {
    ...grant,
    kind: 'identity',
    method: identityMethodOf(grant.proven.method, needs),
    writes: [...spend, ...writes],
  }
}

/** The method of an earlier proof. */
const identityMethodOf = (name: string, { methods }: VerifyAttemptNeeds): IdentityMethod => {
  const method = methods.find((each) => each.name === name)
  if (method?.kind === 'identity') return method
  throw new Failure('PROOF_REJECTED', 'Sign in again.', { reason: `no method ${name} any more` })
}

/** A first proof completed by a second one. RFC 8176: `mfa` if more than one factor was used. */
const completed = (
  proofs: { readonly first: FirstFactor; readonly accountId: string; readonly shown: Verified },
  needs: VerifyAttemptNeeds,
): VerifiedIdentity => {
  const { first, accountId, shown } = proofs
  const { issuer, subject, deviceName } = first
  return {
    kind: 'identity',
    method: identityMethodOf(first.method, needs),
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
