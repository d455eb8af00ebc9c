// Puts a failed job back to be done.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Outbox } from '../outbox/outbox.js'

/** What retrying jobs works with. */
export interface RetryJobsNeeds {
  readonly outbox: Outbox
  readonly auditLog: AuditLog
}

/** Puts the job with this id back; `NOT_FOUND` when no failed job has it. */
export const retryFailedJob = async (call: Call, id: string, needs: RetryJobsNeeds): Promise<void> => {
  const audit = needs.auditLog.row(call, { action: 'job.retried', accountId: null, detail: { retried: id } })
  const retried = await needs.outbox.retry(call, id, audit)
  if (retried === 0)
    throw new Failure('NOT_FOUND', 'No such failed job.', { reason: 'no job that was given up' })
}
