// Announces an act: the audit entry, and the job that informs the account's owner.
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { AuditedAct, AuditLog } from './audit-log.js'

/** What `announceAct` works with. */
export interface AnnounceActNeeds {
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly random: Random
}

/** The rows of an act about which the owner is informed, to be inserted in the transaction of the act. */
export const announceAct = (call: Call, act: AuditedAct, needs: AnnounceActNeeds): readonly Row[] => {
  const auditEntryId = needs.random.uuid()
  return [
    needs.auditLog.row(call, { ...act, id: auditEntryId }),
    needs.outbox.row(call, needs.random.uuid(), { name: 'send-notices', payload: { auditEntryId } }),
  ]
}
