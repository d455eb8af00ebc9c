// Reads the errors of the database: away or too busy, a unique value taken, a row gone.

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

/**
 * True when `error`, or what caused it, says that the database could not be reached, or could not do it just now: the
 * same call may succeed a little later. Source: PostgreSQL Appendix A.
 */
export const isDatabaseAway = (error: unknown): boolean => {
  for (const current of chain(error)) {
    const code = 'code' in current && typeof current.code === 'string' ? current.code : ''
    if (brokenConnection.has(code) || awayState.test(code) || contendedState.test(code)) return true
    if (brokenMessage.test(current.message)) return true
  }
  return false
}

/** The table whose unique index refused a row (SQLSTATE 23505), or null when `error` is no such refusal. */
export const uniqueViolationTable = (error: unknown): string | null => {
  for (const current of chain(error))
    if (
      'code' in current &&
      current.code === '23505' &&
      'table' in current &&
      typeof current.table === 'string'
    )
      return current.table
  return null
}

/** True when a row that was to be pointed at is gone (SQLSTATE 23503). */
export const isForeignKeyViolation = (error: unknown): boolean =>
  [...chain(error)].some((current) => 'code' in current && current.code === '23503')
