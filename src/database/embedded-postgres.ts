// The PostgreSQL server that Idem brings along: one per data folder, on a free port of this machine only.
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
  /** Holds the password; stays true over restarts. */
  readonly connectionString: string
  /**
   * Starts the server again, at the same port, when it has died; calls made meanwhile share one restart.
   * Throws `EmbeddedPostgresError` when it cannot, or after `stop`.
   */
  ensureRunning(): Promise<void>
  /** Ends all connections and stops the server. May be called twice. */
  stop(): Promise<void>
}

/** What the server needs: an absolute folder of its own (made where missing), and the process' log and randomness. */
export interface EmbeddedPostgresOptions {
  readonly directory: string
  readonly log: Logger
  readonly random: Random
}

/** 192 bits: nobody types it, so it may be longer than anybody can guess. */
const passwordBytes = 24

/** 5 s: ample for a server that is starting or stopping. The last question may take its own 2 s beyond that. */
const awaitMs = 5_000
const awaitPauseMs = 100

/**
 * Starts the server in `directory`, initialised at the first time; one that a killed Idem left running is taken over.
 * The caller owns the folder (`claimDataDir`). Throws `EmbeddedPostgresError` with a message for the person who runs
 * Idem.
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
    // One that is there but silent is busy with its own recovery; the caller's next attempt will tell.
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
      // Its failure is reported to those who asked for the restart; here it only has to be over.
      await restart?.catch(() => undefined)
      await stopServer(cluster)
    },
  }
}

/** The port of a server that runs already and answers to our password, or null when there is none to take over. */
const adoptServer = async (cluster: Cluster, addressAt: AddressAt): Promise<number | null> => {
  const found = await awaitServer(cluster, addressAt)
  if (found === 'silent') await stopServer(cluster)
  return typeof found === 'number' ? found : null
}

/** Waits until a server on the folder answers (its port) or is gone; `silent` when it does neither in time. */
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
 * Asked at every start: a kill may have come between the initialisation and this. The database that initdb makes is
 * renamed, for a copy of the template would take as long as two starts of the server.
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

/** A port that was free a moment ago; `startServer` asks again when somebody was quicker. */
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
