// A time limit for answers of the queue's backend.
import { setTimeout as sleep } from 'node:timers/promises'
import { LoggableError } from '../failure.js'

/**
 * Without an answer for this long the queue counts as unavailable, in milliseconds. Readiness probes allow two seconds.
 */
const answerMilliseconds = 1_500

/**
 * The result of `asked`, or an error after a time limit, because BullMQ waits for Redis without one. A late effect is
 * harmless.
 */
export const inTime = async <T>(asked: Promise<T>): Promise<T> => {
  // Avoids an unhandled rejection when it fails after the time limit.
  asked.catch(() => undefined)
  const late = sleep(answerMilliseconds, null, { ref: false }).then(() => {
    throw new LoggableError('the backend of the queue does not answer')
  })
  return await Promise.race([asked, late])
}
