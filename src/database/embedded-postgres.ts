// The PostgreSQL server that comes with Idem: one per data folder, on a free port of the loopback interface.
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Logger } from '../runtime/logger.js'
import type { Random } from '../runtime/random.js'
import {
  type AddressAt,
  addressesWith,
  askServer,
  databaseMissing,
  databaseName,
  withClient,
} from './embedded-address.js'
import { EmbeddedPostgresError } from './embedded-postgres-error.js'
import { errorCode } from './operating-system.js'
import {
  type Cluster,
  initialise,
  openCluster,
  readPassword,
  startServer,
  stopServer,
} from './postgres-cluster.js'
import { findPostmaster } from './postmaster.js'

/** A running server with its database `idem`. */
export interface EmbeddedPostgres {
  /** Contains the password; does not change with restarts. */
  readonly connectionString: string
  /**
   * If the server has died, starts it again on the same port; concurrent calls share one restart. Throws
   * `EmbeddedPostgresError` if that fails, or after `stop`.
   */
  ensureRunning(): Promise<void>
  /** Closes all connections and stops the server. May be called twice. */
  stop(): Promise<void>
}

/** The options: an absolute folder only for the server, created if missing, and the process's log and randomness. */
export interface EmbeddedPostgresOptions {
  readonly directory: string
  readonly log: Logger
  readonly random: Random
}

/** Length of the password in bytes: 192 bits, because nobody has to type it. */
const passwordBytes = 24

/** 5 s for a server that is starting or stopping. The last check may take 2 s more. */
const awaitMs = 5_000
const awaitPauseMs = 100

/**
 * Starts the server in `directory`, and initialises it the first time. A server that a killed Idem left running is
 * taken over. The caller owns the folder (`claimDataDir`). Throws `EmbeddedPostgresError` with a message for the
 * operator.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { directory, log, random } = options
  const cluster = await openCluster(directory)
  const isNew = await initialise(cluster, () => random.bytes(passwordBytes).toString('base64url'))
  const addressAt = addressesWith(await readPassword(cluster))
  const adopted = await adoptServer(cluster, addressAt)
  const port = adopted ?? (await startServer(cluster, findFreePort))
  try {
    await ensureDatabase(addressAt(port))
  } catch (error) {
    await stopServer(cluster)
    throw error
  }
  log.info({ directory, port, initialised: isNew, adopted: adopted !== null }, 'PostgreSQL runs')
  return supervise(cluster, { addressAt, port, log })
}

const supervise = (
  cluster: Cluster,
  { addressAt, port, log }: { addressAt: AddressAt; port: number; log: Logger },
): EmbeddedPostgres => {
  let restart: Promise<void> | null = null
  let stopped = false
  const restartIfDead = async (): Promise<void> => {
    if (stopped) throw new EmbeddedPostgresError('The embedded PostgreSQL has been stopped.')
    // A server that runs and does not answer is recovering; the caller tries again.
    if ((await awaitServer(cluster, addressAt)) !== 'gone') return
    log.warn({ port }, 'PostgreSQL has died; starting it again')
    await startServer(cluster, async () => port)
  }
  return {
    connectionString: `${addressAt(port)}${databaseName}`,
    ensureRunning: () => {
      restart ??= restartIfDead().finally(() => {
        restart = null
      })
      return restart
    },
    stop: async () => {
      stopped = true
      // Only waits for its end. Its failure is reported to the callers of the restart.
      await restart?.catch(() => undefined)
      await stopServer(cluster)
    },
  }
}

/** The port of a running server that accepts our password; null if there is none to take over. */
const adoptServer = async (cluster: Cluster, addressAt: AddressAt): Promise<number | null> => {
  const found = await awaitServer(cluster, addressAt)
  if (found === 'silent') await stopServer(cluster)
  return typeof found === 'number' ? found : null
}

/** Waits until the folder's server answers (its port) or has ended; `silent` if neither happens in time. */
const awaitServer = async (cluster: Cluster, addressAt: AddressAt): Promise<number | 'gone' | 'silent'> => {
  for (const deadline = performance.now() + awaitMs; performance.now() < deadline; ) {
    const postmaster = await findPostmaster(cluster.data)
    if (postmaster === null) return 'gone'
    const { port } = postmaster
    if (port !== null && (await askServer(addressAt(port))) !== 'silent') return port
    await setTimeout(awaitPauseMs)
  }
  return 'silent'
}

/**
 * Makes the database if it is missing. Checked at every start, because Idem may have been killed after the
 * initialisation. Renames the database of initdb, because copying the template takes as long as two starts of the
 * server.
 */
const ensureDatabase = async (address: string): Promise<void> => {
  try {
    await withClient(`${address}${databaseName}`, async () => undefined)
  } catch (error) {
    if (errorCode(error) !== databaseMissing) throw error
    await withClient(`${address}template1`, (client) =>
      client.query(`alter database postgres rename to ${databaseName}`),
    )
  }
}

/** A port that was free a moment ago; `startServer` asks for another if it is taken meanwhile. */
const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'))
        else resolve(address.port)
      })
    })
  })
