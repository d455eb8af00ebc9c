// Unlinks an identity: it no longer leads to the account, and the sessions that it opened end.
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActRooms, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `unlinkIdentity` works with. */
export interface UnlinkIdentityRooms extends AnnounceActRooms {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/** Unlinks an identity of the caller's account. `NOT_FOUND` when it is not the caller's, `LAST_IDENTITY` when it is the only one. */
export const unlinkIdentity = async (
  call: Call,
  id: string,
  rooms: UnlinkIdentityRooms,
): Promise<Account> => {
  const { accountId, sessionId } = requireSession(call.principal)
  const { account, ended } = await call.inTransaction(async (inner) => {
    // Locked, so that two at once cannot take the last two, and no sign-in slips in between the two changes below.
    const owner = await rooms.accounts.lock(inner, accountId)
    await rooms.sessions.lockLive(inner, sessionId)
    const identities = await rooms.identities.lockOf(inner, accountId)
    const identity = identities.find((candidate) => candidate.id === id)
    if (identity === undefined)
      throw new Failure('NOT_FOUND', 'No such identity.', { reason: `identity ${id}` })
    if (identities.length === 1) throw new Failure('LAST_IDENTITY')
    const count = await rooms.sessions.endOpenedBy(inner, id)
    await rooms.identities.remove(inner, id)
    if (identity.subject === owner.primaryEmail)
      await rooms.accounts.changeProfile(inner, accountId, { primaryEmail: null })
    const { method, subject } = identity
    const act: AuditedAct = {
      action: 'identity.unlinked',
      accountId,
      detail: { method, identityId: id, subject, endedSessions: count },
    }
    await inner.write(...announceAct(inner, act, rooms))
    return { account: owner, ended: count }
  })
  rooms.accounts.forget(accountId)
  rooms.metrics.sessionsEnded.inc({ cause: 'identity_unlinked' }, ended)
  return account
}
