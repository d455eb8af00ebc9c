// Ends every session of an account, whoever's it is: for an operator who was told that one was stolen.
import type { Call } from '../database/call.js'
import type { SuspendAccountNeeds } from './suspend-account.js'

/** Ends them and returns their number; `NOT_FOUND` when there is no such account. */
export const endAccountSessions = async (
  call: Call,
  id: string,
  needs: SuspendAccountNeeds,
): Promise<number> => {
  const ended = await call.inTransaction(async (inner) => {
    // A sign-in that has written its session but not yet committed holds the row: that one ends too.
    await needs.accounts.lock(inner, id)
    const endedSessions = await needs.sessions.endAllOf(inner, id)
    const detail = { endedSessions }
    await needs.auditLog.append(inner, { action: 'account.sessions_ended', accountId: id, detail })
    return endedSessions
  })
  needs.metrics.sessionsEnded.inc({ cause: 'operator' }, ended)
  return ended
}
