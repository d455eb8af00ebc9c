// The address of the embedded PostgreSQL on this machine, and the check whether it answers.
import { Client } from 'pg'
import { endClient } from './end-client.js'
import { errorCode } from './operating-system.js'

/** The database of Idem's tables. */
export const databaseName = 'idem'

/** The superuser of the cluster, which owns everything in it. */
export const superuser = 'idem'

/** The server's URL without the name of a database. */
export type AddressAt = (port: number) => string

/** Time limit for an answer of a server on this machine, which normally takes milliseconds. */
const answerTimeoutMs = 2_000

/** Makes the URLs of a server with this superuser's password. */
export const addressesWith =
  (password: string): AddressAt =>
  (port) =>
    `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/`

/** Runs `use` on a separate connection; fails if the server accepts none for 2 s. */
export const withClient = async <T>(
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = new Client({ connectionString, connectionTimeoutMillis: answerTimeoutMs })
  // If the server dies, the running query fails; without a listener this event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await use(client)
  } finally {
    await endClient(client)
  }
}

/** SQLSTATE too_many_connections: the server works and is only busy. */
const tooManyConnections = '53300'

/** SQLSTATE invalid_catalog_name: the server works, the database is missing. */
export const databaseMissing = '3D000'

/** The result of connecting to the database `idem`. Another server at this port would refuse our password. */
export type ServerState = 'ready' | 'without database' | 'silent'

/** Connects to the database `idem` on the server at `address`. */
export const askServer = async (address: string): Promise<ServerState> => {
  try {
    return await withClient(`${address}${databaseName}`, async (): Promise<ServerState> => 'ready')
  } catch (error) {
    if (errorCode(error) === tooManyConnections) return 'ready'
    return errorCode(error) === databaseMissing ? 'without database' : 'silent'
  }
}
