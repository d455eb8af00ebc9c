// How the embedded PostgreSQL is reached on this machine, and whether it answers there.
import { Client } from 'pg'
import { endClient } from './end-client.js'
import { errorCode } from './operating-system.js'

/** The database that Idem keeps its tables in. */
export const databaseName = 'idem'

/** The superuser of the cluster, and the owner of everything in it. */
export const superuser = 'idem'

/** The server's address at a port, up to the name of the database. */
export type AddressAt = (port: number) => string

/** On this machine a server that can answer does so in milliseconds. */
const answerTimeoutMs = 2_000

/** The addresses of a server with this password of the superuser. */
export const addressesWith =
  (password: string): AddressAt =>
  (port) =>
    `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/`

/** Runs `use` on a connection of its own; a server that lets nobody in for 2 s fails it. */
export const withClient = async <T>(
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = new Client({ connectionString, connectionTimeoutMillis: answerTimeoutMs })
  // A server that dies meanwhile fails the call at hand; unheard, this event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await use(client)
  } finally {
    await endClient(client)
  }
}

/** SQLSTATE too_many_connections: a server that is well and only busy. */
const tooManyConnections = '53300'

/** SQLSTATE invalid_catalog_name: the server is well, the database is missing. */
export const databaseMissing = '3D000'

/** What comes of asking for the database `idem`. Another server at this port would refuse our password. */
export type ServerState = 'ready' | 'without database' | 'silent'

/** Asks the server at `address` for the database `idem`. */
export const askServer = async (address: string): Promise<ServerState> => {
  try {
    return await withClient(`${address}${databaseName}`, async (): Promise<ServerState> => 'ready')
  } catch (error) {
    if (errorCode(error) === tooManyConnections) return 'ready'
    return errorCode(error) === databaseMissing ? 'without database' : 'silent'
  }
}
