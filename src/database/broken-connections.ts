// Gives connections that broke inside of a transaction back to the pool: the query builder keeps them.
import type { Pool, PoolClient } from 'pg'

/**
 * When one of these fails, whoever holds the connection forgets it without giving it back: kysely 0.29 releases in
 * `startTransaction().execute()` and in `ControlledTransaction.rollback()` only after the statement succeeded. To be
 * looked at again with each version of kysely that MikroORM brings.
 */
const edges: readonly unknown[] = ['begin', 'rollback']

/** Has the pool close, and replace, each connection on which a transaction could not begin or roll back. */
export const returnBrokenConnections = (pool: Pool): void => {
  pool.on('connect', (client: PoolClient) => {
    const query: (...parameters: unknown[]) => unknown = client.query.bind(client)
    const watched = (...parameters: unknown[]): unknown => {
      const result = query(...parameters)
      if (edges.includes(parameters[0]) && result instanceof Promise) result.catch(() => discard(client))
      return result
    }
    Object.assign(client, { query: watched })
  })
}

const discard = (client: PoolClient): void => {
  try {
    client.release(true)
  } catch {
    // pg throws when it has been given back already, as a version of kysely without the fault would do.
  }
}
