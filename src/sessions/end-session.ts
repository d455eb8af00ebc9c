// Ends sessions: one's own, another of one's account, or all but one's own.
import type { AuditedAct, AuditLog } from '../audit/audit-log.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from './sessions.js'

/** What ending sessions works with. */
export interface EndSessionRooms {
  readonly sessions: Sessions
  readonly auditLog: AuditLog
  readonly metrics: Metrics
}

/** Which sessions to end: the caller's own, one of its account by id, or all of its account but its own. */
export type EndedSessions =
  | { readonly which: 'own' | 'others' }
  | { readonly which: 'one'; readonly id: string }

/** Ends sessions of the caller's account and returns how many; `NOT_FOUND` when the named one is not the caller's. */
export const endSession = async (
  call: Call,
  ended: EndedSessions,
  rooms: EndSessionRooms,
): Promise<number> => {
  const { accountId, sessionId } = requirePrincipal(call.principal)
  const act: AuditedAct = { action: 'session.ended', accountId, detail: { ended } }
  const audit = rooms.auditLog.row(call, act)
  const sessions =
    ended.which === 'others'
      ? await rooms.sessions.endOthers(call, { id: sessionId, accountId }, audit)
      : [
          await rooms.sessions.endOfAccount(
            call,
            { id: ended.which === 'one' ? ended.id : sessionId, accountId },
            audit,
          ),
        ]
  const count = sessions.filter((session) => session !== null).length
  if (count === 0 && ended.which === 'one') throw new Failure('NOT_FOUND', 'No such session.')
  rooms.metrics.sessionsEnded.inc({ cause: ended.which }, count)
  return count
}
