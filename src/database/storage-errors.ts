// Classifies errors of the database: unavailable or too busy, a lost connection, a violated constraint.

/** Node's and pg's codes and messages for a connection that cannot be made or has broken. */
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
 * SQLSTATE: connection exceptions, shutdown, startup, out of connections, memory or disk, a replica after a fail-over,
 * a cancelled statement (ours take milliseconds, so it waited for a lock), a transaction that was idle for too long; a
 * login or a database that is refused (28, 3D), which an operator changes while processes run.
 */
const awayState = /^(08...|28...|3D000|57P0[1-5]|53...|25006|57014|25P03)$/

/**
 * SQLSTATE: deadlock, serialization failure, lock timeout. The transaction was rolled back; the next try may succeed.
 */
const contendedState = /^(40P01|40001|55P03)$/

const brokenMessage =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable|Cannot use a pool after|Query read timeout/

/** An error, its causes, and the errors of which they consist. */
export const chainOf = function* (error: unknown): Generator<Error> {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    yield current
    if (current instanceof AggregateError) yield* current.errors.filter((inner) => inner instanceof Error)
    current = current.cause
  }
}

/** A text that a library added to an error; empty if there is none. */
export const textOf = (error: Error, field: string): string => {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' ? value : ''
}

/** SQLSTATE: connection exceptions, and connections that the server ended. */
const lostState = /^(08...|57P0[1-5]|25P03)$/

/** True if the connection of the failed statement cannot be used any more. */
export const isConnectionLost = (error: unknown): boolean => {
  for (const current of chainOf(error)) {
    const code = textOf(current, 'code')
    if (brokenConnection.has(code) || lostState.test(code) || brokenMessage.test(current.message)) return true
  }
  return false
}

/**
 * True if `error` or one of its causes means that the database cannot be reached or is temporarily unable: the same
 * call may succeed later. Source: PostgreSQL Appendix A.
 */
export const isDatabaseAway = (error: unknown): boolean => {
  for (const current of chainOf(error)) {
    const code = textOf(current, 'code')
    if (brokenConnection.has(code) || awayState.test(code) || contendedState.test(code)) return true
    if (brokenMessage.test(current.message)) return true
  }
  return false
}

/** SQLSTATE of `idem_require`: a required change had no effect. */
const noEffectState = 'IDEM0'

/** SQLSTATE: a constraint was violated. */
const violationState = /^23/

/** The violated constraint, or the required change that had no effect, which has a name in the same field. */
export interface Violation {
  readonly kind: 'constraint' | 'no-effect'
  /** The table; empty if the error is not about a table. */
  readonly table: string
  readonly constraint: string
}

/** The violation that PostgreSQL reports; null for any other error. */
export const readViolation = (error: unknown): Violation | null => {
  for (const current of chainOf(error)) {
    const code = textOf(current, 'code')
    if (code !== noEffectState && !violationState.test(code)) continue
    const kind = code === noEffectState ? 'no-effect' : 'constraint'
    return { kind, table: textOf(current, 'table'), constraint: textOf(current, 'constraint') }
  }
  return null
}
