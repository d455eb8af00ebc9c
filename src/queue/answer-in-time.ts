// A time limit for answers of the queue's backend.
import { LoggableError } from '../failure.js'
import { withTimeLimit } from '../runtime/time-limit.js'

/**
 * Without an answer for this long the queue counts as unavailable, in milliseconds. Readiness probes allow two seconds.
 */
const answerMilliseconds = 1_500

/**
 * The result of `asked`, or an error after a time limit, because BullMQ waits for Redis without one. A late effect is
 * harmless.
 */
export const inTime = async <T>(asked: Promise<T>): Promise<T> =>
  await withTimeLimit(asked, answerMilliseconds, () => {
    throw new LoggableError('the backend of the queue does not answer')
  })
