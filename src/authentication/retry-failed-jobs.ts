// Puts every failed job back to be done.
import type { Call } from '../database/call.js'
import type { RetryJobsRooms } from './retry-failed-job.js'

/** Puts them all back and returns their number. */
export const retryFailedJobs = async (call: Call, rooms: RetryJobsRooms): Promise<number> => {
  const audit = rooms.auditLog.row(call, {
    action: 'job.retried',
    accountId: null,
    detail: { retried: 'all' },
  })
  return await rooms.outbox.retry(call, null, audit)
}
