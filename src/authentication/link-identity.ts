// Links an identity: the caller proves control of a further identity, which then leads to the caller's account.

import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { Identity } from '../identities/identity.js'
import {
  type ClosedIdentity,
  type IdentityClaim,
  type OpenedIdentity,
  type OpenIdentityNeeds,
  openIdentity,
} from '../identities/open-identity.js'
import type { TicketProof } from '../merge/merge-ticket.js'
import { type MergePlan, type PlanMergeNeeds, planMerge } from '../merge/plan-merge.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'
import { parseShownText } from '../text/shown-text.js'
import { becomePerson } from './become-person.js'
import { type MergedGuest, type MergeGuestNeeds, mergeGuest } from './merge-guest.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import type { StandingChallenge } from './standing-challenge.js'
import type { VerifiedIdentity } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'
import { type WantSecondFactorNeeds, wantSecondFactor } from './want-second-factor.js'

/** What `linkIdentity` works with. */
export interface LinkIdentityNeeds
  extends VerifyProofNeeds,
    OpenIdentityNeeds,
    WantSecondFactorNeeds,
    MergeGuestNeeds,
    PlanMergeNeeds,
    AnnounceActNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
  readonly merges: PlanMergeNeeds['merges']
  readonly mergeLimits: PlanMergeNeeds['mergeLimits']
  readonly metrics: Metrics
  readonly random: MergeGuestNeeds['random']
}

/** A further identity to link, and the owner's label for it. */
export interface LinkRequest extends SubmittedProof {
  readonly label: string | null
}

/** The account with its new identity. */
interface LinkedIdentity {
  readonly account: Account
  readonly identity: Identity
}

/**
 * The result of linking: the account with its new identity. If the identity belongs to another account: what a guest was
 * merged into, or a person's plan of a merge; before that the challenge of a second factor if that account requires one.
 */
export type Linked =
  | (LinkedIdentity & { readonly outcome: 'linked' })
  | (MergedGuest & { readonly outcome: 'merged' })
  | { readonly outcome: 'planned'; readonly plan: MergePlan }
  | { readonly outcome: 'second_factor'; readonly challenge: StandingChallenge }

/**
 * Links a proven identity to the caller's account; a guest becomes a person with the same id. If the identity leads to
 * another account, the two are one person's: a guest is merged into it, a person gets a plan. `CONFLICT` if it leads to
 * the caller's own account already, `MERGE_REFUSED` if the two cannot be merged.
 */
export const linkIdentity = async (
  call: Call,
  request: LinkRequest,
  needs: LinkIdentityNeeds,
): Promise<Linked> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await linkBy(call, request, needs) },
    needs,
  )

const linkBy = async (call: Call, request: LinkRequest, needs: LinkIdentityNeeds): Promise<Linked> => {
  const principal = requireSession(call.principal)
  const label = parseShownText(request.label, 'label')
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...request, purpose: 'LINK_IDENTITY' }, needs)
  if (verified.kind === 'second_factor' || !verified.method.links)
    throw new Failure('BAD_USER_INPUT', `The method ${verified.method.name} cannot be linked.`, {
      field: 'proof',
    })
  // 3 in one transaction: spend the challenge, link, turn a guest into a person, audit
  const own = await needs.accounts.get(call, principal.accountId)
  const claim: IdentityClaim = {
    proven: verified.proven,
    acr: verified.acr,
    handle: verified.handle,
    credential: verified.credential,
    accountId: own.id,
    whenUnknown: verified.accountId === null ? { act: 'join', account: own, label } : { act: 'refuse' },
  }
  // Asked here too, so that a full account is refused once, and not each time that the identity is looked up.
  if (own.kind !== 'ANONYMOUS' && claim.whenUnknown.act === 'join')
    await needs.identities.refuseSurplus(call, own.id)
  const opening = await openIdentity(call, claim, needs, async (opened) =>
    opened.added === null
      ? null
      : await link(call, { opened, identity: opened.added, verified, principal }, needs),
  )
  switch (opening.outcome) {
    case 'opened':
      if (opening.result === null)
        throw new Failure('CONFLICT', 'This identity is linked to your account already.')
      return { outcome: 'linked', ...opening.result }
    case 'second_factor': {
      const { account, parts } = opening
      refuseRegistration(verified)
      if (account.id === own.id)
        throw new Failure('CONFLICT', 'This identity is linked to your account already.')
      const challenge = await wantSecondFactor(
        call,
        { verified, account, parts, purpose: 'LINK_IDENTITY' },
        needs,
      )
      return { outcome: 'second_factor', challenge }
    }
    case 'other_account':
      return await mergeWith(call, { own, other: opening, verified, principal }, needs)
    case 'refused':
      throw opening.failure
    default:
      return assertNever(opening)
  }
}

/**
 * What registers an identity proves nothing of one that exists, as the identity does that another call has registered
 * since the proof was verified.
 */
const refuseRegistration = ({ credential }: VerifiedIdentity): void => {
  if (credential !== null && credential.from === null)
    throw new Failure(
      'CONFLICT',
      'This identity has just been linked by somebody. Prove it to merge accounts.',
    )
}

interface OtherAccount {
  readonly own: Account
  readonly other: Extract<ClosedIdentity, { readonly outcome: 'other_account' }>
  readonly verified: VerifiedIdentity
  readonly principal: SessionPrincipal
}

/** The caller has proven two accounts. */
const mergeWith = async (
  call: Call,
  { own, other, verified, principal }: OtherAccount,
  needs: LinkIdentityNeeds,
): Promise<Linked> => {
  const { account, identityId, parts } = other
  refuseRegistration(verified)
  if (verified.accountId !== null && verified.accountId !== account.id)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'the first proof leads elsewhere by now' })
  const { amr, acr, proven, writes } = verified
  const proof: TicketProof = { identityId, method: proven.method, amr, acr, at: call.now.toISOString() }
  if (own.kind === 'ANONYMOUS') {
    const guest = { principal, otherId: account.id, proof, verified, parts }
    return { outcome: 'merged', ...(await mergeGuest(call, guest, needs)) }
  }
  const planned = { principal, own, other: account, proof, parts: [...writes, ...parts] }
  return { outcome: 'planned', plan: await planMerge(call, planned, needs) }
}

interface Link {
  readonly opened: OpenedIdentity
  readonly identity: Identity
  readonly verified: VerifiedIdentity
  readonly principal: SessionPrincipal
}

const link = async (
  call: Call,
  { opened, identity, verified, principal }: Link,
  needs: LinkIdentityNeeds,
): Promise<LinkedIdentity> => {
  const { id, method, subject } = identity
  const linked = await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, principal.accountId)
    // Checked again under the lock, because the session may have ended, or the guest become a person, since the guards.
    await needs.sessions.lockLive(inner, principal.sessionId)
    if (account.kind !== 'ANONYMOUS') {
      requireStepUp(principal, { acr: account.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
      await needs.identities.refuseSurplus(inner, account.id)
    }
    const act: AuditedAct = {
      action: 'identity.linked',
      accountId: account.id,
      detail: { method, identityId: id, subject },
    }
    await inner.write(...verified.writes, ...opened.parts, ...announceAct(inner, act, needs))
    if (account.kind !== 'ANONYMOUS') return { account, identity, endedSessions: 0 }
    return { ...(await becomePerson(inner, { account, identity, principal }, needs)), identity }
  })
  needs.metrics.sessionsEnded.inc({ cause: 'identity_unlinked' }, linked.endedSessions)
  return { account: linked.account, identity: linked.identity }
}
