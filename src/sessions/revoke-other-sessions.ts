// Revokes every session of the caller's account except the current one.
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { EndSessionNeeds } from './end-session.js'

/** Ends the others and returns their number. */
export const revokeOtherSessions = async (call: Call, needs: EndSessionNeeds): Promise<number> => {
  const { accountId, sessionId } = requireSession(call.principal)
  const audit = needs.auditLog.row(call, {
    action: 'session.revoked',
    accountId,
    detail: { revoked: 'others' },
  })
  const ended = await needs.sessions.end(call, { accountId, except: sessionId }, audit)
  needs.metrics.sessionsEnded.inc({ cause: 'revoked' }, ended.length)
  return ended.length
}
