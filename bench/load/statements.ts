// Reads the number of SQL statements that a server has sent.
import { Connection, get } from './connection.js'

/** The server's own count so far; null if it has none. */
export const countStatements = async (port: number): Promise<number | null> => {
  const connection = await Connection.open(port)
  try {
    const count = /^idem_database_statements_total (\S+)$/m.exec(await get(connection, '/metrics'))?.[1]
    return count === undefined ? null : Number(count)
  } finally {
    connection.close()
  }
}
