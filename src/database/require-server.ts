// Asks the database's server, before anything else, whether Idem can work with it.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import { readAddress } from './address.js'
import { databaseProblemOf, problemAt } from './database-problem.js'
import { endClient } from './end-client.js'
import { errorCode } from './operating-system.js'

/** The oldest major version, in the form of `server_version_num`: the tests run on no older one. */
const oldestVersion = 150_000
/** SQLSTATE: the server starts up, shuts down, or recovers from a crash. */
const passingState = /^57P0[123]$/
/** How long such a server is waited for, and the time between two attempts, in milliseconds. */
const [patienceMilliseconds, pauseMilliseconds] = [30_000, 250]
/** Time limit for connecting and for the question, in milliseconds. */
const answerMilliseconds = 10_000

/** What a server and a database must be. */
interface ServerFacts {
  /** Such as 180004. */
  readonly version: number
  readonly isReadOnly: boolean
  /** Such as UTF8. */
  readonly encoding: string
}

const askFacts = `select current_setting('server_version_num')::int as version,
  current_setting('transaction_read_only')::boolean as "isReadOnly",
  current_setting('server_encoding') as encoding`

const factsOf = async (url: string): Promise<ServerFacts | undefined> => {
  const client = new pg.Client({
    application_name: 'idem start',
    connectionTimeoutMillis: answerMilliseconds,
    query_timeout: answerMilliseconds,
    ...readAddress(url),
  })
  // The connection's end is reported by `connect` and `query`.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<ServerFacts>(askFacts)
    return rows[0]
  } finally {
    await endClient(client)
  }
}

/** The facts, once the server has started. */
const patientFactsOf = async (url: string, logger: Logger): Promise<ServerFacts | undefined> => {
  const deadline = performance.now() + patienceMilliseconds
  for (let attempt = 1; ; attempt++) {
    try {
      return await factsOf(url)
    } catch (error) {
      if (!passingState.test(errorCode(error) ?? '') || performance.now() > deadline) throw error
      if (attempt === 1) logger.warn({ err: error }, 'the database server is not ready yet; waiting for it')
      await sleep(pauseMilliseconds)
    }
  }
}

/** Throws `OperatorProblem` if Idem cannot work with a server of these facts. */
export const refuseServer = (url: string, { version, isReadOnly, encoding }: ServerFacts): void => {
  const major = Math.floor(version / 10_000)
  if (version < oldestVersion)
    throw problemAt(
      url,
      'unavailable',
      `it is PostgreSQL ${major}, and Idem needs 15 or newer; upgrade the server`,
    )
  if (isReadOnly)
    throw problemAt(
      url,
      'unavailable',
      'the server is read-only: a replica, or a primary that was replaced; let DATABASE_URL name the primary',
    )
  if (encoding !== 'UTF8')
    throw problemAt(
      url,
      'data',
      `the database has the encoding ${encoding}, and Idem needs UTF8; make one with encoding 'UTF8' template template0`,
    )
}

/**
 * Throws `OperatorProblem`, in one sentence, if the server cannot be reached, refuses this role, or is none that Idem
 * can work with. One that is starting is waited for.
 */
export const requireServer = async (url: string, logger: Logger): Promise<void> => {
  const facts = await patientFactsOf(url, logger).catch((error: unknown) => {
    throw databaseProblemOf(error, url) ?? error
  })
  if (facts !== undefined) refuseServer(url, facts)
}
