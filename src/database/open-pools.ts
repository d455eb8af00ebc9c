// Opens the pools of connections: that of the ORM, which all share, and that of long transactions.
import { Migrator } from '@mikro-orm/migrations'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import pg from 'pg'
import { titleOf } from '../runtime/adopt-console.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Traces } from '../runtime/traces.js'
import { readAddress, schemaOf } from './address.js'
import type { SessionKind } from './connection.js'
import { migrations } from './migrations/list.js'
import { type SessionLimits, type SessionSettings, unlimited } from './new-session.js'
import type { SameServer } from './same-server.js'
import { migrationsName } from './watch-locks.js'

/** What `Database.open` needs. */
export interface DatabaseOptions {
  readonly url: string
  /** For what needs a session of its own, where the connections of `url` lead through a pooler that lends them. */
  readonly directUrl?: string
  readonly poolSize: number
  readonly entities: NonNullable<Options['entities']>
  readonly logger: Logger
  readonly metrics: Metrics
  /** Given where traces are on. */
  readonly traces?: Traces | null
}

/**
 * How long a request waits for a connection before the database counts as unavailable, in milliseconds. pg's pool has
 * one setting for waiting for a free connection and for making a new one. It is longer than the time limit of
 * statements, so that a request behind statements that wait for a lock gets a connection when PostgreSQL cancels them.
 */
const connectTimeoutMilliseconds = 8_000
/**
 * PostgreSQL cancels a statement that takes longer, in milliseconds. Our statements take a few, so it waited for a
 * lock; its caller is told to try again before the client's own time limit.
 */
const statementTimeoutMilliseconds = 5_000
/** Without even PostgreSQL's report of the cancellation after this long, the connection counts as broken. */
const queryTimeoutMilliseconds = statementTimeoutMilliseconds + 1_000
/**
 * PostgreSQL ends a transaction that is idle for longer, because its process hangs or is gone and keeps its locks. Ours
 * are idle only for milliseconds between two statements.
 */
const idleInTransactionTimeoutMilliseconds = 10_000

/** What limits the statements of a pool. */
export interface Limits {
  /** pg's own limit, in milliseconds, and a name that the URL does not change. */
  readonly client: { readonly query_timeout?: number; readonly application_name?: string }
  /** PostgreSQL's. */
  readonly session: SessionLimits
}

/** The limits of requests. */
export const requestLimits: Limits = {
  client: { query_timeout: queryTimeoutMilliseconds },
  session: {
    statement_timeout: statementTimeoutMilliseconds,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMilliseconds,
  },
}

/** The limits of migrations: none. */
export const noLimits: Limits = {
  client: { application_name: `${migrationsName} tables` },
  session: unlimited,
}

/** The limits of long transactions, whose statements take as long as they take. */
const longLimits: Limits = {
  client: {},
  session: { ...requestLimits.session, statement_timeout: 0 },
}

/** Whether connections of `url` keep their sessions. */
export const sessionKindOf = ({ url, directUrl = url }: DatabaseOptions): SessionKind =>
  directUrl === url ? 'kept' : 'lent'

/** What new sessions of a pool are set up for. Lent ones cannot be, so `beginsOf` limits each transaction. */
const settingsOf = (options: DatabaseOptions, { session }: Limits): SessionSettings | null =>
  sessionKindOf(options) === 'lent' ? null : { search_path: schemaOf(options.url), ...session }

/** The statements that begin a transaction. */
export const beginsOf = (options: DatabaseOptions, limits: 'request' | 'long'): readonly string[] => {
  if (sessionKindOf(options) === 'kept') return ['begin']
  const { session } = limits === 'request' ? requestLimits : longLimits
  const calls = Object.entries(session).map(([name, value]) => `set_config('${name}', '${value}', true)`)
  return ['begin', `select ${calls.join(', ')}`]
}

/** Connections for long transactions, which is the number of jobs with one at the same time. */
const longPoolSize = 2

/** Opens the ORM with its pool. */
export const openOrm = async (
  options: DatabaseOptions,
  limits: Limits,
  sameServer: SameServer,
): Promise<MikroORM> => {
  const address = readAddress(options.url)
  const schema = schemaOf(options.url)
  return await MikroORM.init({
    dbName: address.database,
    schema,
    entities: options.entities,
    ensureDatabase: false,
    pool: { max: options.poolSize, idleTimeoutMillis: 30_000 },
    driverOptions: {
      connectionTimeoutMillis: connectTimeoutMilliseconds,
      ...sameServer.poolOptions(settingsOf(options, limits)),
      application_name: 'idem',
      keepAlive: true,
      ...address,
      ...limits.client,
    },
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations,
      tableName: 'migration',
      transactional: true,
      allOrNothing: true,
      snapshot: false,
    },
    debug: ['query'],
    loggerFactory: () => countingLogger(options),
  })
}

/** Opens the pool of long transactions; `types` are the ORM's parsers, for the entity managers that work there. */
export const openLongPool = (
  options: DatabaseOptions,
  types: pg.PoolConfig['types'],
  sameServer: SameServer,
): pg.Pool => {
  const pool = new pg.Pool({
    max: longPoolSize,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    ...sameServer.poolOptions(settingsOf(options, longLimits)),
    application_name: 'idem long',
    keepAlive: true,
    ...readAddress(options.url),
    // The ORM's pool, for the entity managers.
    ...(types === undefined ? {} : { types }),
  })
  // As in the ORM's own pool, because an error event without a listener would end the process.
  const warn = (error: Error) => options.logger.warn({ err: error }, 'a database connection was lost')
  pool.on('error', warn)
  pool.on('connect', (client) => void client.on('error', warn))
  return pool
}

/** Handles MikroORM's log lines: counts statements, and logs warnings about connections. */
const countingLogger = (options: DatabaseOptions) => ({
  log: () => undefined,
  error: (_namespace: string, message: string) =>
    options.logger.warn({ detail: titleOf(message) }, 'database error'),
  warn: (_namespace: string, message: string) =>
    options.logger.warn({ detail: titleOf(message) }, 'database warning'),
  logQuery: () => options.metrics.databaseStatements.inc(),
  setDebugMode: () => undefined,
  // Never `query-params`, because values must not be logged.
  isEnabled: (namespace: string) => namespace === 'query',
})
