// Retries every failed job.
import type { Call } from '../database/call.js'
import type { RetryJobsNeeds } from './retry-failed-job.js'

/** Makes all of them wait for their next try and returns their number. */
export const retryFailedJobs = async (call: Call, needs: RetryJobsNeeds): Promise<number> => {
  const audit = needs.auditLog.row(call, {
    action: 'job.retried',
    accountId: null,
    detail: { retried: 'all' },
  })
  return await needs.outbox.retry(call, null, audit)
}
