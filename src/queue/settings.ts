// The settings of the queue.
import { CronExpressionParser } from 'cron-parser'
import { SettingProblem, text, wholeNumber } from '../config/setting.js'
import { readRedisAddress } from './redis-address.js'

/** A pattern that BullMQ's scheduler understands. */
const cronPattern = (raw: string): string => {
  try {
    CronExpressionParser.parse(raw)
    return raw
  } catch {
    throw new SettingProblem(`must be a cron pattern such as 17 * * * *, not "${raw}"`)
  }
}

/** Settings of the queue room. */
export const queueSettings = {
  redisUrl: text('REDIS_URL', 'Redis or Valkey for the queue, as a URL', {
    defaultText: 'none: the queue runs on the same PostgreSQL',
    secret: true,
    parse: (raw): string | null => {
      if (raw === undefined) return null
      readRedisAddress(raw)
      return raw
    },
  }),
  // A job mostly waits, usually for a mail server, and concurrent jobs share database statements.
  concurrency: wholeNumber('IDEM_WORKER_CONCURRENCY', 'Jobs that a worker runs at the same time', {
    default: 100,
    least: 1,
    most: 1_000,
  }),
  purgeSchedule: text('IDEM_PURGE_SCHEDULE', 'When expired data is deleted, as a cron pattern in UTC', {
    defaultText: '17 * * * *',
    parse: (raw = '17 * * * *'): string => cronPattern(raw),
  }),
  signingKeySchedule: text(
    'IDEM_SIGNING_KEY_SCHEDULE',
    'When to check whether the signing key is due for a successor, as a cron pattern in UTC',
    { defaultText: '43 3 * * *', parse: (raw = '43 3 * * *'): string => cronPattern(raw) },
  ),
  attempts: wholeNumber('IDEM_JOB_ATTEMPTS', 'Tries of a job before it counts as failed', {
    default: 40,
    least: 2,
    most: 100,
  }),
  firstRetryMilliseconds: wholeNumber(
    'IDEM_JOB_FIRST_RETRY_MILLISECONDS',
    'Wait before the second try of a job, in milliseconds; each further wait is twice as long, and up to half of it is random',
    { default: 1_000, least: 10, most: 600_000 },
  ),
  longestRetrySeconds: wholeNumber(
    'IDEM_JOB_LONGEST_RETRY_SECONDS',
    'Longest wait between two tries of a job, in seconds',
    { default: 600, least: 1, most: 86_400 },
  ),
}
