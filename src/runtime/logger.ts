// The structured log: one JSON line per event, with the request's id and without secrets.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { loggableOf } from './loggable.js'
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

/** pino takes an error alone as the object of facts and its message as the sentence. */
const lineOf = (given: readonly unknown[]): unknown[] => {
  const [first, sentence = 'an error', ...rest] = given
  const line = first instanceof Error ? [{ err: first }, sentence, ...rest] : given
  return line.map((value) => loggableOf(value))
}

/** Facts of a child logger do not pass the hook. pino makes a child's child by the same method. */
const withLoggableChildren = (logger: PinoLogger): Logger => {
  const makeChild: unknown = Reflect.get(logger, 'child')
  if (typeof makeChild !== 'function') throw new Error('pino has no child loggers')
  const child = function (this: unknown, facts: unknown, options: unknown): unknown {
    return Reflect.apply(makeChild, this, [loggableOf(facts), options])
  }
  return Object.assign(logger, { child })
}

/**
 * A logger of JSON lines, each with the id of the request during which it was written. Of errors it writes the outline
 * only, wherever they are in the line.
 */
export const createLogger = ({ level, requestScope, destination }: LoggerOptions): Logger => {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: createTimeField(),
      hooks: {
        logMethod(given, write) {
          Reflect.apply(write, this, lineOf(given))
        },
      },
      // pino's own serializer adds the message and every property.
      serializers: { err: (outline) => outline },
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const { requestId } = requestScope
        return requestId === undefined ? {} : { requestId }
      },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination ?? openStandardOutput(),
  )
  return withLoggableChildren(logger)
}
