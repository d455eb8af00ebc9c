// A time limit for work that has none.
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The result of `work`, or that of `late` (which may throw) if it takes longer than `milliseconds`. The work is not
 * stopped; a failure after the time limit is ignored.
 */
export const withTimeLimit = async <T>(work: Promise<T>, milliseconds: number, late: () => T): Promise<T> => {
  const done = new AbortController()
  const expired = sleep(milliseconds, undefined, { ref: false, signal: done.signal }).then(late)
  try {
    return await Promise.race([work, expired])
  } finally {
    done.abort()
  }
}
