// Every proof leads to one account: the one that its identity is known to, or a new one. Who may go on from there.
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
import { type CredentialStep, newIdentity, type ProvenIdentity } from './identity.js'

/** What `openIdentity` works with. */
export interface OpenIdentityNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly auditLog: AuditLog
  readonly random: Random
  readonly throttle: Throttle
}

/** What becomes of an identity that is seen for the first time. */
export type WhenUnknown =
  /** It gets an account of this kind of its own. */
  | { readonly act: 'provision'; readonly kind: AccountKind }
  /** It joins the account. */
  | { readonly act: 'join'; readonly account: Account; readonly label: string | null }
  | { readonly act: 'refuse' }

/** What was proven, how well, and what for. */
export interface IdentityClaim {
  readonly proven: ProvenIdentity
  /** How strong the proofs are, all together. */
  readonly acr: Acr
  /** The handle claimed with the proof, in canonical form, or null. */
  readonly handle: string | null
  /** How the proof changes what later ones are checked against; null where it does not. */
  readonly credential: CredentialStep | null
  /** The account that the identity is to lead to; null where any will do. */
  readonly accountId: string | null
  readonly whenUnknown: WhenUnknown
}

/** An identity whose account may be acted upon. */
export interface OpenedIdentity {
  readonly account: Account
  readonly identityId: string
  /** True where the identity is new. */
  readonly isNew: boolean
  /** True where the account is new too. */
  readonly provisioned: boolean
  /** True when the account had a verified address before. */
  readonly hasAddress: boolean
  /**
   * What makes the identity, and the account, where they are new; else what the proof changes in the identity. To be
   * written in the transaction of what is done.
   */
  readonly parts: readonly Part[]
}

/** Why an identity does not open the account that was asked for, or not yet. */
export type ClosedIdentity =
  /**
   * The proofs are weaker than what the owner of the account has set up: a second one is needed. `parts` are what they
   * change in the identity, to be written where they are spent.
   */
  | { readonly outcome: 'second_factor'; readonly account: Account; readonly parts: readonly Part[] }
  /** The identity, proven well enough to open it, leads to another account than the one that was asked for. */
  | { readonly outcome: 'other_account'; readonly account: Account }
  | { readonly outcome: 'refused'; readonly failure: Failure }

/** What came of a proof: opened, with the result of what was done then, or closed. */
export type Opening<T> = { readonly outcome: 'opened'; readonly result: T } | ClosedIdentity

/** Each one after the first follows a change that others made meanwhile; nobody can make that many in time. */
const mostLooks = 5

/**
 * Finds where a proven identity leads and does `act` there, which must write what `OpenedIdentity` brings, or nothing.
 * Every proof takes this way: a sign-in, a second factor, a bearer that is believed, a step-up, a link. When the
 * identity, its account or its handle has just been made or removed by another call, `act` has failed as a whole; then
 * it is looked again.
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
  const { found, handleOwner, isRetired } = await needs.identities.lookUp(call, claim.proven, claim.handle)
  if (isRetired) return { outcome: 'refused', failure: movedOn() }
  if (found === null) return await unknown(call, claim, { handleOwner, needs })
  const { account } = found
  if (claim.handle !== null && handleOwner !== account.id)
    return mismatch(`the handle is not that of account ${account.id}`)
  if (account.suspendedAt !== null)
    return { outcome: 'refused', failure: suspendedFailure('FORBIDDEN', account.id) }
  if (isWeaker(claim.acr, account.level)) {
    const parts = needs.identities.stepsOf(found.identityId, claim.credential)
    return { outcome: 'second_factor', account, parts }
  }
  if (claim.accountId !== null && claim.accountId !== account.id) return { outcome: 'other_account', account }
  return {
    ...found,
    isNew: false,
    provisioned: false,
    parts: needs.identities.usesOf(found, claim.credential),
  }
}

const unknown = async (
  call: Call,
  claim: IdentityClaim,
  { handleOwner, needs }: { readonly handleOwner: string | null; readonly needs: OpenIdentityNeeds },
): Promise<OpenedIdentity | ClosedIdentity> => {
  const { whenUnknown, proven, handle } = claim
  switch (whenUnknown.act) {
    case 'provision':
      // Only here: whoever has the handle signs in with it as often as with any other proof.
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

/** Only who has the proof is told so, and not who the person is. */
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
    isNew: true,
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
