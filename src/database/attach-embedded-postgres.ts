// Finds the embedded PostgreSQL of a running service, for a command beside it.
import { addressesWith, askServer, databaseName } from './embedded-address.js'
import { EmbeddedPostgresError } from './embedded-postgres-error.js'
import { readIfPresent } from './operating-system.js'
import { clusterFiles } from './postgres-cluster.js'
import { findPostmaster } from './postmaster.js'

/**
 * The connection string of the server that another process runs in `directory`. Makes, starts and stops nothing,
 * because only the process that holds the data folder may. Throws `EmbeddedPostgresError` if no server answers (yet).
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
