// The structured log: one JSON line per event, with the request's id and without secrets.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import type { RequestScope } from './request-scope.js'
import { openStandardOutput } from './standard-output.js'
import { createTimeField } from './time-field.js'

/** Writes log lines: an object of facts, then a sentence. */
export type Logger = PinoLogger

/** A second protection of secrets: fields with these names are redacted in the top two levels of a line's object. */
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

/** What a logger is made with. */
export interface LoggerOptions {
  /** Lines below it are not printed: trace, debug, info, warn, error, fatal, silent. */
  readonly level: string
  readonly requestScope: RequestScope
  /** Standard output, unless a test collects the lines. */
  readonly destination?: DestinationStream
}

/** A logger of JSON lines, each with the id of the request during which it was written. */
export const createLogger = ({ level, requestScope, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: createTimeField(),
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const { requestId } = requestScope
        return requestId === undefined ? {} : { requestId }
      },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination ?? openStandardOutput(),
  )
