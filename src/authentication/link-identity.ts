// Links an identity: whoever is signed in proves control of one more, which then leads to the same account.
import { type Account, levelOf } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { parseLabel } from '../accounts/label.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { Identity } from '../identities/identity.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'
import {
  type SubmittedProof,
  type VerifiedProof,
  type VerifyProofNeeds,
  verifyProof,
} from './verify-proof.js'

/** What `linkIdentity` works with. */
export interface LinkIdentityNeeds extends VerifyProofNeeds, AnnounceActNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/** A further identity to link, and what its owner calls it. */
export interface LinkRequest extends SubmittedProof {
  readonly label: string | null
}

/** The account with its new identity. */
export interface Linked {
  readonly account: Account
  readonly identity: Identity
}

/**
 * Links a proven identity to the caller's account; a guest becomes a person with the same id.
 * `CONFLICT` when the identity leads to an account already.
 */
export const linkIdentity = async (
  call: Call,
  request: LinkRequest,
  needs: LinkIdentityNeeds,
): Promise<Linked> => {
  const principal = requireSession(call.principal)
  const label = parseLabel(request.label, 'label')
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...request, purpose: 'LINK_IDENTITY' }, needs)
  await checkLinkable(call, verified, principal, needs)
  // 3 in one transaction: spend the challenge, link, turn a guest into a person, audit
  const linked = await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, principal.accountId)
    // Under the lock, for the guards before saw what may have changed since: a session ended, a guest become a person.
    await needs.sessions.lockLive(inner, principal.sessionId)
    if (account.kind !== 'ANONYMOUS')
      requireStepUp(principal, { acr: levelOf(account), maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
    const identity: Identity = {
      id: needs.random.uuid(),
      account: account.id,
      ...verified.proven,
      label,
      createdAt: call.now,
    }
    const act: AuditedAct = {
      action: 'identity.linked',
      accountId: account.id,
      detail: { method: identity.method, identityId: identity.id, subject: identity.subject },
    }
    await inner.write(...verified.spend, needs.identities.row(identity), ...announceAct(inner, act, needs))
    if (account.kind !== 'ANONYMOUS') return { account, identity, endedSessions: 0 }
    return { ...(await becomePerson(inner, { account, identity, principal }, needs)), identity }
  })
  needs.accounts.forget(principal.accountId)
  needs.metrics.sessionsEnded.inc({ cause: 'identity_unlinked' }, linked.endedSessions)
  return linked
}

/** What can be refused before anything is locked; the unique index decides the races. */
const checkLinkable = async (
  call: Call,
  { method, proven, handle }: VerifiedProof,
  principal: SessionPrincipal,
  needs: LinkIdentityNeeds,
): Promise<void> => {
  if (!method.links)
    throw new Failure('BAD_USER_INPUT', `The method ${method.name} cannot be linked.`, { field: 'proof' })
  const { found, handleOwner } = await needs.identities.lookUp(call, proven, handle)
  if (handle !== null && handleOwner !== principal.accountId)
    throw new Failure('PROOF_REJECTED', 'This challenge was issued under a handle that is not yours.', {
      reason: 'the handle of the challenge is of another account',
    })
  if (found?.account.id === principal.accountId)
    throw new Failure('CONFLICT', 'This identity is linked to your account already.')
  if (found !== null) throw new Failure('CONFLICT', 'This identity belongs to another account.')
}

/**
 * A guest becomes a person: what anyone who once held the device could prove no longer leads here, so the guest's
 * identities go, with the sessions that they opened; the caller's own session goes on, on the new identity.
 */
const becomePerson = async (
  call: Call,
  linked: Linked & { readonly principal: SessionPrincipal },
  needs: LinkIdentityNeeds,
): Promise<{ readonly account: Account; readonly endedSessions: number }> => {
  const { account, identity, principal } = linked
  let endedInAll = 0
  await needs.accounts.changeKind(call, account.id, 'PERSON')
  await needs.sessions.rebind(call, principal.sessionId, identity.id)
  for (const former of await needs.identities.lockOf(call, account.id)) {
    if (former.id === identity.id) continue
    const endedSessions = await needs.sessions.endOpenedBy(call, former.id)
    endedInAll += endedSessions
    await needs.identities.remove(call, former.id)
    const detail = { method: former.method, identityId: former.id, endedSessions }
    await needs.auditLog.append(call, { action: 'identity.unlinked', accountId: account.id, detail })
  }
  await needs.auditLog.append(call, { action: 'account.became_person', accountId: account.id })
  return { account: { ...account, kind: 'PERSON' }, endedSessions: endedInAll }
}
