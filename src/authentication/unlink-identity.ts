// Unlinks an identity: it no longer opens the account, and the sessions that it opened end.
import type { Account } from '../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import { type Identity, passwordMethodName } from '../identities/identity.js'
import type { Metrics } from '../runtime/metrics.js'
import { type SettleLevelNeeds, settleLevel } from '../second-factors/settle-level.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `unlinkIdentity` works with. */
export interface UnlinkIdentityNeeds extends AnnounceActNeeds, SettleLevelNeeds {
  readonly identities: Identities
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/**
 * Unlinks an identity of the caller's account. `NOT_FOUND` if it is not the caller's, `LAST_IDENTITY` if it is the only
 * one, or only a password would remain. Without its password an account may be of a lower level.
 */
export const unlinkIdentity = async (
  call: Call,
  id: string,
  needs: UnlinkIdentityNeeds,
): Promise<Account> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  const { account, ended } = await call.inTransaction(async (inner) => {
    // Locked, so that two concurrent calls cannot unlink the last two, and no sign-in happens between the two changes
    // below.
    const owner = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    // Checked again under the lock, because the level may have risen since the guard.
    requireStepUp(principal, { acr: owner.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
    const identities = await needs.identities.lockOf(inner, accountId)
    const identity = identities.find((candidate) => candidate.id === id)
    if (identity === undefined)
      throw new Failure('NOT_FOUND', 'No such identity.', { reason: 'no identity of the account' })
    requireAnother(identities, identity)
    const count = (await needs.sessions.end(inner, { accountId, openedBy: [id] })).length
    await needs.identities.remove(inner, [id])
    const changes = identity.subject === owner.primaryEmail ? { primaryEmail: null } : {}
    await needs.accounts.changeProfile(inner, accountId, changes)
    const { method, subject } = identity
    const act: AuditedAct = {
      action: 'identity.unlinked',
      accountId,
      detail: { method, identityId: id, subject, endedSessions: count },
    }
    await inner.write(...announceAct(inner, act, needs))
    const changed = { ...owner, ...changes }
    const settled = method === passwordMethodName ? await settleLevel(inner, changed, needs) : changed
    return { account: settled, ended: count }
  })
  needs.metrics.sessionsEnded.inc({ cause: 'identity_unlinked' }, ended)
  return account
}

/** Refuses to leave an account without an identity that can begin a sign-in and be completed. */
const requireAnother = (identities: readonly Identity[], { id }: Identity): void => {
  if (identities.length === 1) throw new Failure('LAST_IDENTITY')
  if (identities.some((other) => other.id !== id && other.method !== passwordMethodName)) return
  throw new Failure(
    'LAST_IDENTITY',
    'Only the password would remain, and a password alone opens no account. Link another identity first.',
  )
}
