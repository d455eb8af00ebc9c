// Checks that connections carry what Idem needs of them, because a pooler that lends them does not say so by itself.
import pg from 'pg'
import { OperatorProblem } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import { readAddress, schemaOf } from './address.js'
import { endClient } from './end-client.js'

/** The URLs of a database; the same one where no pooler lends connections. */
export interface DatabaseUrls {
  readonly databaseUrl: string
  readonly directUrl: string
}

/** How long a pooler may take to give a connection, in milliseconds. */
const answerMilliseconds = 5_000
/**
 * Transactions that are held at the same time to find out whether a session is kept. With no more connections in a pool
 * the answer is certain; with more of them, and other clients that take some at the very moments, chance would have to
 * give the idle one the same process this often.
 */
const mostHeld = 7
/** A key of an advisory lock: "same" in ASCII. */
const sameDatabaseLock = 0x73616d65

const ownPid = 'select pg_backend_pid() as pid'

const open = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionTimeoutMillis: answerMilliseconds,
    query_timeout: answerMilliseconds,
    application_name: 'idem check',
    ...readAddress(url),
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    await endClient(client)
    throw error
  }
}

/** Runs work with connections that are opened as it asks for them, and closed after it. */
const withClients = async <T>(
  work: (another: (url: string) => Promise<pg.Client>) => Promise<T>,
): Promise<T> => {
  const clients: pg.Client[] = []
  const another = async (url: string): Promise<pg.Client> => {
    const client = await open(url)
    clients.push(client)
    return client
  }
  try {
    return await work(another)
  } finally {
    await Promise.all(clients.map(endClient))
  }
}

const pidOf = async (client: pg.Client): Promise<unknown> => (await client.query(ownPid)).rows[0]?.pid

/**
 * True if a connection keeps its session. A server tells the number of its own process at connect, a pooler makes one
 * up. Behind a pooler, an idle connection that keeps its session keeps its process too, which no other one gets. If it
 * does not, the others, which keep theirs for a transaction, leave it another one, or get its own.
 */
export const keepsSession = async (url: string): Promise<boolean> =>
  await withClients(async (another) => {
    const idle = await another(url)
    const own = await pidOf(idle)
    if (own === Reflect.get(idle, 'processID')) return true
    for (let held = 0; held < mostHeld; held += 1) {
      const other = await pidInTransaction(await another(url))
      if (other === null || other === own || (await pidOf(idle)) !== own) return false
    }
    return true
  })

/** Null if the pooler refuses transactions, because it lends for a statement. Leaves the transaction open. */
const pidInTransaction = async (client: pg.Client): Promise<unknown> => {
  try {
    await client.query('begin')
    return await pidOf(client)
  } catch (error) {
    if (/statement pooling/.test(String(error))) return null
    if (/timeout/.test(String(error)))
      throw new OperatorProblem(
        'The pooler gave no further connection within 5 s. Idem needs about 25 for each of its processes: raise its ' +
          'pool (PgBouncer: default_pool_size), or lower IDEM_DATABASE_POOL_SIZE.',
      )
    throw error
  }
}

const lends =
  'leads to a pooler that lends a connection for one transaction (PgBouncer: pool_mode = transaction)'
const loses = 'where notifications and locks are lost'

/** Throws `OperatorProblem` where notifications, locks or the queue would be lost on the way. */
export const requireSessions = async ({ databaseUrl, directUrl }: DatabaseUrls): Promise<void> => {
  if (!(await keepsSession(directUrl))) {
    if (databaseUrl !== directUrl)
      throw new OperatorProblem(`DATABASE_LISTEN_URL ${lends}, ${loses}. Set it to the server itself.`)
    throw new OperatorProblem(
      `DATABASE_URL ${lends}, ${loses}. Set DATABASE_LISTEN_URL to the server itself beside it, ` +
        'or let the pooler keep sessions (pool_mode = session).',
    )
  }
  if (databaseUrl !== directUrl && !(await isSameDatabase({ databaseUrl, directUrl })))
    throw new OperatorProblem('DATABASE_LISTEN_URL leads to another database than DATABASE_URL.')
}

/** Whether a lock that is taken on one way is seen on the other. */
const isSameDatabase = async ({ databaseUrl, directUrl }: DatabaseUrls): Promise<boolean> =>
  await withClients(async (another) => {
    const direct = await another(directUrl)
    const pooled = await another(databaseUrl)
    await direct.query('begin')
    await direct.query('select pg_advisory_xact_lock_shared($1)', [sameDatabaseLock])
    const { rows } = await pooled.query(
      `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and pid = $2
       and database = (select oid from pg_database where datname = current_database())`,
      [sameDatabaseLock, await pidOf(direct)],
    )
    return rows.length > 0
  })

/** What a lent connection is set to. */
interface LentSettings {
  /** Whether the schema is there; migrations make it. */
  readonly exists: boolean
  readonly path: string | null
  readonly limit: string
  readonly database: string
  readonly role: string
}

/**
 * Throws `OperatorProblem` unless lent connections look names up in the schema of the migrated tables, because Idem
 * cannot set them up itself. Warns where PostgreSQL does not limit their statements.
 */
export const requireLentPath = async (
  { databaseUrl, directUrl }: DatabaseUrls,
  logger: Logger,
): Promise<void> => {
  if (databaseUrl === directUrl) return
  const schema = schemaOf(databaseUrl)
  const client = await open(databaseUrl)
  try {
    const { rows } = await client.query<LentSettings>(
      `select to_regnamespace($1) is not null as exists, current_schema() as path, current_setting('statement_timeout') as limit,
       quote_ident(current_database()) as database, quote_ident(current_user) as role`,
      [schema],
    )
    const [found] = rows
    if (found?.exists === false)
      throw new OperatorProblem(`The database lacks the schema ${schema}. Run: npm run migrate`, {
        kind: 'data',
      })
    const alter = `alter role ${found?.role} in database ${found?.database} set`
    if (found?.path !== schema)
      throw new OperatorProblem(
        `Connections of DATABASE_URL do not look names up in the schema ${schema}, and behind a pooler that lends them ` +
          `Idem cannot set this itself. Run: ${alter} search_path = ${schema}, and restart the pooler's connections.`,
      )
    if (found.limit === '0')
      logger.warn(
        `PostgreSQL does not limit statements of DATABASE_URL, and behind a pooler that lends connections Idem cannot. Run: ${alter} statement_timeout = '5s'`,
      )
  } finally {
    await endClient(client)
  }
}
