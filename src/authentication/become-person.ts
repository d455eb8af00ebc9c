// Makes a guest a person, by an identity that it has just linked.
import { type Account, firstLevelOf } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { AuditedAct, AuditLog } from '../audit/audit-log.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'
import type { Identity } from '../identities/identity.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `becomePerson` works with. */
export interface BecomePersonNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
  readonly auditLog: AuditLog
}

/** A guest with its new identity, and the session in which it was linked. */
export interface LinkedGuest {
  readonly account: Account
  readonly identity: Identity
  readonly principal: SessionPrincipal
}

/**
 * Makes a guest a person. The guest's identities are retired and the sessions that they opened end, so that an earlier
 * holder of the device cannot enter the account. The caller's session continues, on the new identity.
 */
export const becomePerson = async (
  call: Call,
  linked: LinkedGuest,
  needs: BecomePersonNeeds,
): Promise<{ readonly account: Account; readonly endedSessions: number }> => {
  const { account, identity, principal } = linked
  const accountId = account.id
  await needs.accounts.changeKind(call, accountId, 'PERSON')
  await needs.sessions.rebind(call, principal.sessionId, identity.id)
  const former = (await needs.identities.lockOf(call, accountId)).filter(({ id }) => id !== identity.id)
  const ids = former.map(({ id }) => id)
  const ended = await needs.sessions.end(call, { accountId, openedBy: ids })
  await needs.identities.retire(call, ids)
  const unlinked = former.map(({ id, method }): AuditedAct => {
    const endedSessions = ended.filter((session) => session.identity === id).length
    return { action: 'identity.unlinked', accountId, detail: { method, identityId: id, endedSessions } }
  })
  const acts: AuditedAct[] = [...unlinked, { action: 'account.became_person', accountId }]
  await call.write(...acts.map((act) => needs.auditLog.row(call, act)))
  return {
    account: { ...account, kind: 'PERSON', level: firstLevelOf('PERSON') },
    endedSessions: ended.length,
  }
}
