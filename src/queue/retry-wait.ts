// The wait before the next try of a job.
import type { ValuesOf } from '../config/setting.js'
import type { Random } from '../runtime/random.js'
import type { queueSettings } from './settings.js'

/** What `retryWait` decides by. */
export interface RetryWaitNeeds {
  readonly settings: ValuesOf<typeof queueSettings>
  readonly random: Random
}

/**
 * The wait after failed try `attempt`, counted from 1, in milliseconds. It doubles with each try, up to a limit; up to
 * half of it is random, so that jobs that failed together spread out.
 */
export const retryWait = (attempt: number, { settings, random }: RetryWaitNeeds): number => {
  const { firstRetryMilliseconds, longestRetrySeconds } = settings
  const whole = Math.min(firstRetryMilliseconds * 2 ** (attempt - 1), longestRetrySeconds * 1_000)
  const chance = random.bytes(4).readUInt32BE() / 2 ** 32
  return Math.round(whole * (1 - chance / 2))
}
