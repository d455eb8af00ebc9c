// The part of an error that may be logged: kind, code, place in the code, and words that are our own.
import { isIP } from 'node:net'
import { Failure, LoggableError } from '../failure.js'
import { wordsOf } from './error-words.js'

/**
 * An error without what libraries attach to it: their messages quote input, and ioredis adds the command with the
 * password, pg the row, nodemailer the server's reply, fetch the URL.
 */
export interface ErrorOutline {
  /** The name of its class. */
  readonly type: string
  /** The message of an error of our own, or what the code means; absent if neither is known. */
  readonly message?: string
  /** Node's code, the SQLSTATE, or the first word of Redis' reply. */
  readonly code?: string
  /** PostgreSQL's details: the violated constraint, its table, and the server's function that refused. */
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
  readonly routine?: string
  /** The system call and its address. */
  readonly syscall?: string
  readonly address?: string
  readonly port?: number
  /** The status of an SMTP reply. */
  readonly responseCode?: number
  /** The name of the Redis command, without its arguments. */
  readonly command?: string
  /** The stack, innermost call first. */
  readonly frames: readonly string[]
  readonly cause?: ErrorOutline
  /** The errors of which this one consists, for example one for each address of a host name. */
  readonly errors?: readonly ErrorOutline[]
}

const matching =
  (form: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && form.test(value)

const identifier = matching(/^\w{1,63}$/)

/** Properties that libraries add beside the message and that may be logged, each in a form that holds no input. */
const namedFacts: Readonly<Record<string, (value: unknown) => boolean>> = {
  constraint: identifier,
  table: identifier,
  column: identifier,
  routine: identifier,
  syscall: matching(/^[a-z_]{1,20}$/i),
  address: (value) => typeof value === 'string' && isIP(value) !== 0,
  port: Number.isSafeInteger,
  responseCode: Number.isSafeInteger,
}

/** The form of codes: no input looks like that. */
const isCode = matching(/^[A-Z\d_]{2,60}$/)
/** The first word of an error reply of Redis. */
const replyCode = /^(?<code>[A-Z]{2,20})(?= |$)/
const isCommandName = matching(/^[a-z]{1,20}$/)

/** Most causes and parts, because a chain of causes may be circular. */
const deepestCause = 5
const mostParts = 5

/** A line of a stack with a place in a file. A `data:` URL as the place would hold the text of a module. */
const frame =
  /^ {4}at (?:[^()]*\()?(?:(?:file:|node:|\/|[A-Za-z]:\\)[^()]*:\d+:\d+|index \d+|<anonymous>)\)?$/

/** Lines of the message, which may look like a place in a file, are left out. */
const framesOf = ({ stack, message }: Error): string[] =>
  String(stack ?? '')
    .split('\n')
    .filter((line) => frame.test(line) && !String(message).includes(line))
    .map((line) => line.slice('    at '.length))

const read = (value: object, name: string): unknown => Reflect.get(value, name)

/** ioredis names the class of error replies; they have no `code`, and `command` holds the arguments too. */
const codeOf = (error: Error): string | undefined => {
  const code = read(error, 'code')
  if (isCode(code)) return String(code)
  return error.name === 'ReplyError' ? replyCode.exec(error.message)?.groups?.['code'] : undefined
}

const commandOf = (error: Error): string | undefined => {
  const command = read(error, 'command')
  const name = typeof command === 'object' && command !== null ? read(command, 'name') : undefined
  return isCommandName(name) ? String(name) : undefined
}

const messageOf = (error: Error, code: string | undefined): string | undefined =>
  error instanceof LoggableError || error instanceof Failure ? error.message : wordsOf(code, error.message)

/** The facts that are there. */
const present = (facts: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))

const innerOf = (error: Error, depth: number): Pick<ErrorOutline, 'cause' | 'errors'> => {
  if (depth >= deepestCause) return {}
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors.slice(0, mostParts) : []
  return {
    ...(error.cause instanceof Error ? { cause: outlineOf(error.cause, depth + 1) } : {}),
    ...(parts.length === 0 ? {} : { errors: parts.map((part) => outlineOf(part, depth + 1)) }),
  }
}

/** The outline of any thrown value. */
export const outlineOf = (error: unknown, depth = 0): ErrorOutline => {
  if (!(error instanceof Error)) return { type: typeof error, frames: [] }
  const code = codeOf(error)
  const facts = Object.entries(namedFacts).flatMap(([name, isSafe]) => {
    const value = read(error, name)
    return isSafe(value) ? [[name, value] as const] : []
  })
  return {
    type: error.constructor.name,
    ...present({ message: messageOf(error, code), code, command: commandOf(error) }),
    ...Object.fromEntries(facts),
    frames: framesOf(error),
    ...innerOf(error, depth),
  }
}

/** An error in one line: its words, or its class, and its code. */
export const describeError = (error: unknown): string => {
  const { type, message = type, code } = outlineOf(error)
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}
