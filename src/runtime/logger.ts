// The structured log: one JSON line an event, with the request's id and never a secret.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import type { RequestScope } from './request-scope.js'

/** Writes log lines: an object of facts, then a sentence. */
export type Logger = PinoLogger

/** Last line of defence: a field of such a name is never printed, wherever it hides in the top two levels. */
const secretNames = [
  'authorization',
  'accessToken',
  'refreshToken',
  'secret',
  'password',
  'signature',
  'deviceSecret',
  'cookie',
]

/** Lines are written together: a write for each would cost more than the request that it tells of. */
const bufferBytes = 4_096
/** A line is seen this late at most, in milliseconds. */
const flushMilliseconds = 200

/** What a logger is made with. */
export interface LoggerOptions {
  /** Lines below it are not printed: trace, debug, info, warn, error, fatal, silent. */
  readonly level: string
  readonly requestScope: RequestScope
  /** Standard output unless a test listens. */
  readonly destination?: DestinationStream
}

/** A logger of JSON lines, each with the id of the request that it was written for. */
export const createLogger = ({ level, requestScope, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const { requestId } = requestScope
        return requestId === undefined ? {} : { requestId }
      },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination ??
      pino.destination({ dest: 1, sync: false, minLength: bufferBytes, periodicFlush: flushMilliseconds }),
  )
