// Ends every session of any account, for an operator, for example after one was reported stolen.
import type { Call } from '../database/call.js'
import type { SuspendAccountNeeds } from './suspend-account.js'

/** Ends the sessions of the account to which the id leads and returns their number; `NOT_FOUND` if there is no such account. */
export const endAccountSessions = async (
  call: Call,
  id: string,
  needs: SuspendAccountNeeds,
): Promise<number> => {
  const ended = await call.inTransaction(async (inner) => {
    // A sign-in that has inserted a session and not yet committed holds a lock on this row, so its session ends too.
    const { id: accountId } = await needs.accounts.lockSurvivor(inner, id)
    const endedSessions = (await needs.sessions.end(inner, { accountId })).length
    const detail = { endedSessions }
    await needs.auditLog.append(inner, { action: 'account.sessions_ended', accountId, detail })
    return endedSessions
  })
  needs.metrics.sessionsEnded.inc({ cause: 'operator' }, ended)
  return ended
}
