// Puts every failed job back to be done.
import type { Call } from '../database/call.js'
import type { RetryJobsNeeds } from './retry-failed-job.js'

/** Puts them all back and returns their number. */
export const retryFailedJobs = async (call: Call, needs: RetryJobsNeeds): Promise<number> => {
  const audit = needs.auditLog.row(call, {
    action: 'job.retried',
    accountId: null,
    detail: { retried: 'all' },
  })
  return await needs.outbox.retry(call, null, audit)
}
