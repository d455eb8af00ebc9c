// Revokes every session of the caller's account but the caller's own.
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { EndSessionRooms } from './end-session.js'

/** Ends the others and returns their number. */
export const revokeOtherSessions = async (call: Call, rooms: EndSessionRooms): Promise<number> => {
  const { accountId, sessionId } = requireSession(call.principal)
  const audit = rooms.auditLog.row(call, {
    action: 'session.revoked',
    accountId,
    detail: { revoked: 'others' },
  })
  const ended = await rooms.sessions.endOthers(call, { id: sessionId, accountId }, audit)
  rooms.metrics.sessionsEnded.inc({ cause: 'revoked' }, ended.length)
  return ended.length
}
