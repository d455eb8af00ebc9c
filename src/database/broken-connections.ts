// Gives connections that broke inside of a transaction back to the pool: the query builder (kysely 0.29) keeps them.
import type { Pool, PoolClient } from 'pg'

/** When one of these fails, whoever holds the connection forgets it without giving it back. */
const edges: readonly unknown[] = ['begin', 'rollback']

/** Has the pool close, and replace, each connection on which a transaction could not begin or roll back. */
export const returnBrokenConnections = (pool: Pool): void => {
  pool.on('connect', (client: PoolClient) => {
    const query: (...parameters: unknown[]) => unknown = client.query.bind(client)
    const watched = (...parameters: unknown[]): unknown => {
      const result = query(...parameters)
      if (edges.includes(parameters[0]) && result instanceof Promise) result.catch(() => client.release(true))
      return result
    }
    Object.assign(client, { query: watched })
  })
}
