// The embedded PostgreSQL of a service that runs already, as a command beside it finds it.
import { addressesWith, askServer, databaseName } from './embedded-address.js'
import { EmbeddedPostgresError } from './embedded-postgres-error.js'
import { readIfPresent } from './operating-system.js'
import { clusterFiles } from './postgres-cluster.js'
import { findPostmaster } from './postmaster.js'

/**
 * The connection string of the server that another process runs in `directory`. Only reads: nothing is made, started
 * or stopped, for all of that belongs to the process that holds the data folder. Throws `EmbeddedPostgresError` when
 * there is no server that answers (yet).
 */
export const attachEmbeddedPostgres = async (directory: string): Promise<string> => {
  const { data, passwordFile } = clusterFiles(directory)
  const password = await readIfPresent(passwordFile)
  const port = (await findPostmaster(data))?.port ?? null
  if (password !== '' && port !== null) {
    const address = addressesWith(password)(port)
    if ((await askServer(address)) === 'ready') return `${address}${databaseName}`
  }
  throw new EmbeddedPostgresError(
    `Idem is still starting in ${directory}: its PostgreSQL does not answer yet. Try again in a moment.`,
  )
}
