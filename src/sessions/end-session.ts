// Ends the caller's own session.
import type { AuditLog } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from './sessions.js'

/** What ending a session needs. */
export interface EndSessionNeeds {
  readonly sessions: Sessions
  readonly auditLog: AuditLog
  readonly metrics: Metrics
}

/** Ends the caller's session; false if it has just been ended by another call. */
export const endSession = async (call: Call, needs: EndSessionNeeds): Promise<boolean> => {
  const { accountId, sessionId } = requireSession(call.principal)
  const audit = needs.auditLog.row(call, { action: 'session.ended', accountId })
  const ended = await needs.sessions.end(call, { id: sessionId, accountId }, audit)
  needs.metrics.sessionsEnded.inc({ cause: 'ended' }, ended.length)
  return ended.length > 0
}
