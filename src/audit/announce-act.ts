// Announces an act: the audit entry, and the job that tells the account's owner of it.
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { AuditedAct, AuditLog } from './audit-log.js'

/** What `announceAct` works with. */
export interface AnnounceActRooms {
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly random: Random
}

/** The rows of an act that its account's owner hears of, to be written in the transaction of the act. */
export const announceAct = (call: Call, act: AuditedAct, rooms: AnnounceActRooms): readonly Row[] => {
  const auditEntryId = rooms.random.uuid()
  return [
    rooms.auditLog.row(call, { ...act, id: auditEntryId }),
    rooms.outbox.row(call, rooms.random.uuid(), { name: 'send-notices', payload: { auditEntryId } }),
  ]
}
