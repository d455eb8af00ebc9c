// What runs statements: the pool, or the one connection of an open transaction.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { ClientBase } from 'pg'
import pg from 'pg'

/** A named statement: PostgreSQL prepares it once a connection. */
export interface Statement {
  /** Unique in the process, at most 63 characters (PostgreSQL cuts longer ones). */
  readonly name: string
  /** With placeholders `$1`, `$2`, …, here as everywhere. */
  readonly text: string
}

/** What runs statements. */
export interface Connection {
  /** Runs a prepared statement and returns its rows. */
  run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]>
  /** A new entity manager whose statements run here too. */
  fork(): EntityManager
}

/** pg would print a date in local time, which costs more and says the same. */
const parameterOf = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString()
  return Array.isArray(value) ? value.map(parameterOf) : value
}

/** Runs a prepared statement on a connection of pg's. */
export const runPrepared = async <R>(
  client: ClientBase,
  statement: Statement,
  values: readonly unknown[],
): Promise<R[]> => {
  const result = await client.query({
    name: statement.name,
    text: statement.text,
    values: values.map(parameterOf),
    // pg's own parsers: a timestamptz is a Date. The ORM's pool leaves such values as text.
    types: pg.types,
  })
  // The caller wrote the select list that `R` describes.
  return result.rows as R[]
}
