// The interface of everything that runs statements: the pool, or the connection of a transaction.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { ClientBase } from 'pg'
import pg from 'pg'

/** A named statement, which PostgreSQL prepares once per connection. */
export interface Statement {
  /** Unique in the process, at most 63 characters (PostgreSQL cuts longer ones). */
  readonly name: string
  /** SQL with placeholders `$1`, `$2`, … */
  readonly text: string
}

/** Runs statements. */
export interface Connection {
  /** Runs a prepared statement and returns its rows. */
  run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]>
  /** A new entity manager whose statements run on this connection too. */
  fork(): EntityManager
}

/** Formats dates itself, because pg does it in local time and more slowly. */
const parameterOf = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString()
  return Array.isArray(value) ? value.map(parameterOf) : value
}

/**
 * Whether a connection keeps its session in PostgreSQL, or a pooler lends it another one for each transaction. A lent
 * one has none of what was set, prepared or listened to before.
 */
export type SessionKind = 'kept' | 'lent'

/** Runs a statement on a connection of pg, prepared where the session is kept. */
export const runPrepared = async <R>(
  { client, session }: { readonly client: ClientBase; readonly session: SessionKind },
  statement: Statement,
  values: readonly unknown[],
): Promise<R[]> => {
  const result = await client.query({
    // Without a name it is parsed each time, in one exchange with the server that also runs it.
    ...(session === 'kept' ? { name: statement.name } : {}),
    text: statement.text,
    values: values.map(parameterOf),
    // pg's own parsers, which make a Date of a timestamptz. The ORM's pool leaves such values as text.
    types: pg.types,
  })
  // `R` describes the select list, which the caller wrote.
  return result.rows as R[]
}
