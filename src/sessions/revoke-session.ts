// Revokes a session of the caller's account, on any device.
import { requirePrincipal } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { EndSessionNeeds } from './end-session.js'

/** Ends the session with this id; `NOT_FOUND` unless it is a live session of the caller's account. */
export const revokeSession = async (call: Call, id: string, needs: EndSessionNeeds): Promise<void> => {
  const { accountId } = requirePrincipal(call.principal)
  const audit = needs.auditLog.row(call, { action: 'session.revoked', accountId, detail: { revoked: id } })
  const ended = await needs.sessions.end(call, { id, accountId }, audit)
  if (ended.length === 0)
    throw new Failure('NOT_FOUND', 'No such session.', { reason: 'no live session of the account' })
  needs.metrics.sessionsEnded.inc({ cause: 'revoked' })
}
