// Retries a failed job.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Outbox } from '../outbox/outbox.js'

/** What retrying jobs works with. */
export interface RetryJobsNeeds {
  readonly outbox: Outbox
  readonly auditLog: AuditLog
}

/** Makes the job with this id wait for its next try; `NOT_FOUND` if it is not a failed one. */
export const retryFailedJob = async (call: Call, id: string, needs: RetryJobsNeeds): Promise<void> => {
  const audit = needs.auditLog.row(call, { action: 'job.retried', accountId: null, detail: { retried: id } })
  const retried = await needs.outbox.retry(call, id, audit)
  if (retried === 0)
    throw new Failure('NOT_FOUND', 'No such failed job.', { reason: 'no job that was given up' })
}
