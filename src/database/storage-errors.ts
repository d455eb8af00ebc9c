// Reads the errors of the database: away or too busy, a connection lost, a constraint that refused.

/** Node's and pg's words for a connection that cannot be made or broke. */
const brokenConnection = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/**
 * SQLSTATE: connection exceptions, shutting down, starting up, out of connections, memory or disk, a replica after a
 * fail-over, a statement that ran out of time (every one of ours takes milliseconds, so it waited), a transaction that
 * idled too long.
 */
const awayState = /^(08...|57P0[1-5]|53...|25006|57014|25P03)$/

/** SQLSTATE: deadlock, serialization failure, no lock in time. The transaction was undone; the next try may succeed. */
const contendedState = /^(40P01|40001|55P03)$/

const brokenMessage =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable|Cannot use a pool after|Query read timeout/

const chain = function* (error: unknown): Generator<Error> {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    yield current
    if (current instanceof AggregateError) yield* current.errors.filter((inner) => inner instanceof Error)
    current = current.cause
  }
}

const textOf = (error: Error, field: string): string => {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' ? value : ''
}

/** SQLSTATE: connection exceptions, and a server that ends our connection. */
const lostState = /^(08...|57P0[1-5]|25P03)$/

/** True when `error` says that the connection on which a statement ran is of no more use. */
export const isConnectionLost = (error: unknown): boolean => {
  for (const current of chain(error)) {
    const code = textOf(current, 'code')
    if (brokenConnection.has(code) || lostState.test(code) || brokenMessage.test(current.message)) return true
  }
  return false
}

/**
 * True when `error`, or what caused it, says that the database could not be reached, or could not do it just now: the
 * same call may succeed a little later. Source: PostgreSQL Appendix A.
 */
export const isDatabaseAway = (error: unknown): boolean => {
  for (const current of chain(error)) {
    const code = textOf(current, 'code')
    if (brokenConnection.has(code) || awayState.test(code) || contendedState.test(code)) return true
    if (brokenMessage.test(current.message)) return true
  }
  return false
}

/** SQLSTATE of `idem_require`: a change that must take effect did not. */
const noEffectState = 'IDEM0'

/** SQLSTATE: a constraint of the schema refused a value. */
const violationState = /^23/

/** Which constraint refused what was written, or, under the same name, which change took no effect. */
export interface Violation {
  readonly kind: 'constraint' | 'no-effect'
  /** Empty where it is not of a table. */
  readonly table: string
  readonly constraint: string
}

/** The violation that PostgreSQL reports, or null when `error` is none. */
export const readViolation = (error: unknown): Violation | null => {
  for (const current of chain(error)) {
    const code = textOf(current, 'code')
    if (code !== noEffectState && !violationState.test(code)) continue
    const kind = code === noEffectState ? 'no-effect' : 'constraint'
    return { kind, table: textOf(current, 'table'), constraint: textOf(current, 'constraint') }
  }
  return null
}
