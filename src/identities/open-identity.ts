// Finds the account to which a proof leads, or describes a new one, and decides whether the caller may act upon it.
import { type Account, type AccountKind, firstLevelOf, suspendedFailure } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { AuditLog } from '../audit/audit-log.js'
import { type Acr, isWeaker } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { assertNever, Failure } from '../failure.js'
import { chooseLocale } from '../mail/locale.js'
import type { Random } from '../runtime/random.js'
import type { Throttle } from '../throttle/throttle.js'
import type { Identities } from './identities.js'
import { type CredentialStep, type Identity, newIdentity, type ProvenIdentity } from './identity.js'
import type { ProvenIdentities } from './proven-identities.js'

/** What `openIdentity` works with. */
export interface OpenIdentityNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly provenIdentities: ProvenIdentities
  readonly auditLog: AuditLog
  readonly random: Random
  readonly throttle: Throttle
}

/** What to do with an unknown identity. */
export type WhenUnknown =
  /** Make a new account of this kind for it. */
  | { readonly act: 'provision'; readonly kind: AccountKind }
  /** Add it to this account. */
  | { readonly act: 'join'; readonly account: Account; readonly label: string | null }
  | { readonly act: 'refuse' }

/** A proven identity, with its strength and its use. */
export interface IdentityClaim {
  readonly proven: ProvenIdentity
  /** The level of all proofs together. */
  readonly acr: Acr
  /** The handle claimed with the proof, in canonical form, or null. */
  readonly handle: string | null
  /** The change of the identity's credential by the proof; null if there is none. */
  readonly credential: CredentialStep | null
  /** The account to which the identity must lead; null for any. */
  readonly accountId: string | null
  readonly whenUnknown: WhenUnknown
}

/** An identity whose account the caller may act upon. */
export interface OpenedIdentity {
  readonly account: Account
  readonly identityId: string
  /** The identity if it is new; null if it was known. */
  readonly added: Identity | null
  /** True if the account is new too. */
  readonly provisioned: boolean
  /** True if the account already had a verified address. */
  readonly hasAddress: boolean
  /**
   * The rows of a new identity and account, or the changes of a known identity. To be written in the transaction of
   * what the proof allows.
   */
  readonly parts: readonly Part[]
}

/** Why an identity does not open the requested account, or not yet. */
export type ClosedIdentity =
  /**
   * The proofs are weaker than the account requires, so a second factor is needed. `parts` are the changes of the
   * identity, to be written when the first proof is spent.
   */
  | { readonly outcome: 'second_factor'; readonly account: Account; readonly parts: readonly Part[] }
  /** The identity is proven well enough, but leads to another account than the requested one. */
  | {
      readonly outcome: 'other_account'
      readonly account: Account
      readonly identityId: string
      /** The changes of the identity, to be written if the proof is spent all the same. */
      readonly parts: readonly Part[]
    }
  | { readonly outcome: 'refused'; readonly failure: Failure }

/** The result of a proof: opened, with the result of `act`, or closed. */
export type Opening<T> = { readonly outcome: 'opened'; readonly result: T } | ClosedIdentity

/** The limit of attempts. Each further one follows a concurrent change of the same identity, account or handle. */
const mostLooks = 5

/**
 * Finds the account of a proven identity and calls `act`, which must write all of `OpenedIdentity.parts` or nothing.
 * Every proof uses this function: sign-in, second factor, believed bearer, step-up, link. If another call has just
 * created or removed the identity, its account or its handle, `act` throws `CONFLICT` without having written anything,
 * and the look-up is repeated.
 */
export const openIdentity = async <T>(
  call: Call,
  claim: IdentityClaim,
  needs: OpenIdentityNeeds,
  act: (opened: OpenedIdentity) => Promise<T>,
): Promise<Opening<T>> => {
  for (let look = 1; ; look += 1) {
    const found = await lookUp(call, claim, needs)
    if ('outcome' in found) return found
    try {
      return { outcome: 'opened', result: await act(found) }
    } catch (error) {
      if (!isOutdated(error) || look === mostLooks) throw error
    }
  }
}

const isOutdated = (error: unknown): boolean => error instanceof Failure && error.code === 'CONFLICT'

const lookUp = async (
  call: Call,
  claim: IdentityClaim,
  needs: OpenIdentityNeeds,
): Promise<OpenedIdentity | ClosedIdentity> => {
  const { found, handleOwner, isRetired } = await needs.provenIdentities.lookUp(
    call,
    claim.proven,
    claim.handle,
  )
  if (isRetired) return { outcome: 'refused', failure: movedOn() }
  if (found === null) return await unknown(call, claim, { handleOwner, needs })
  const { account } = found
  if (claim.handle !== null && handleOwner !== account.id)
    return mismatch(`the handle is not that of account ${account.id}`)
  if (account.suspendedAt !== null)
    return { outcome: 'refused', failure: suspendedFailure('FORBIDDEN', account.id) }
  if (isWeaker(claim.acr, account.level)) {
    const parts = needs.provenIdentities.stepsOf(found.identityId, claim.credential)
    return { outcome: 'second_factor', account, parts }
  }
  const parts = needs.provenIdentities.usesOf(call, found, claim.credential)
  if (claim.accountId !== null && claim.accountId !== account.id)
    return { outcome: 'other_account', account, identityId: found.identityId, parts }
  return { ...found, added: null, provisioned: false, parts }
}

const unknown = async (
  call: Call,
  claim: IdentityClaim,
  { handleOwner, needs }: { readonly handleOwner: string | null; readonly needs: OpenIdentityNeeds },
): Promise<OpenedIdentity | ClosedIdentity> => {
  const { whenUnknown, proven, handle } = claim
  switch (whenUnknown.act) {
    case 'provision':
      // Counted only for new accounts, so that sign-ins with an existing handle are not limited as attempts to take
      // one.
      if (handle !== null) await needs.throttle.count(call, 'takeHandle', null)
      if (handleOwner !== null) return mismatch(`unknown ${proven.method} for a handle that is taken`)
      return provision(call, claim, { kind: whenUnknown.kind, needs })
    case 'join':
      if (handle !== null && handleOwner !== whenUnknown.account.id)
        return mismatch(`the handle is not that of account ${whenUnknown.account.id}`)
      return join(call, claim, { ...whenUnknown, needs })
    case 'refuse':
      return {
        outcome: 'refused',
        failure: new Failure('PROOF_REJECTED', undefined, { reason: 'unknown identity' }),
      }
    default:
      return assertNever(whenUnknown)
  }
}

/** Disclosed only to the holder of the proof; does not name the person. */
const movedOn = (): Failure =>
  new Failure(
    'PROOF_REJECTED',
    'This guest has become a person: sign in by what was linked then. To start as a new guest, send a new secret.',
    { reason: 'a guest that became a person' },
  )

const mismatch = (reason: string): ClosedIdentity => ({
  outcome: 'refused',
  failure: new Failure('PROOF_REJECTED', 'This proof does not belong to that handle.', { reason }),
})

const join = (
  call: Call,
  claim: IdentityClaim,
  joined: { readonly account: Account; readonly label: string | null; readonly needs: OpenIdentityNeeds },
): OpenedIdentity => {
  const { account, label, needs } = joined
  const id = needs.random.uuid()
  const { proven, credential } = claim
  const facts = { account: account.id, ...proven, label, createdAt: call.now }
  const identity = newIdentity({ id, ...facts, credential: credential?.to ?? null })
  return {
    account,
    identityId: id,
    added: identity,
    provisioned: false,
    hasAddress: false,
    parts: [needs.identities.row(identity)],
  }
}

const provision = (
  call: Call,
  claim: IdentityClaim,
  { kind, needs }: { readonly kind: AccountKind; readonly needs: OpenIdentityNeeds },
): OpenedIdentity => {
  const account: Account = {
    id: needs.random.uuid(),
    kind,
    level: firstLevelOf(kind),
    handle: claim.handle,
    displayName: null,
    locale: call.source.acceptLanguage === null ? null : chooseLocale(call.source.acceptLanguage),
    primaryEmail: null,
    signInNotices: true,
    suspendedAt: null,
    mergedInto: null,
    deletionDueAt: null,
    deletedAt: null,
    absorbedIds: [],
    createdAt: call.now,
  }
  const joined = join(call, claim, { account, label: null, needs })
  const { method } = claim.proven
  const act = {
    action: 'account.provisioned',
    accountId: account.id,
    actorId: account.id,
    detail: { method, identityId: joined.identityId },
  } as const
  return {
    ...joined,
    provisioned: true,
    parts: [...needs.accounts.rows(account), ...joined.parts, needs.auditLog.row(call, act)],
  }
}
