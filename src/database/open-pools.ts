// Opens the pools of connections: that of the ORM, which all share, and that of long transactions.
import { Migrator } from '@mikro-orm/migrations'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import pg from 'pg'
import { titleOf } from '../runtime/adopt-console.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Traces } from '../runtime/traces.js'
import { readAddress, schemaOf } from './address.js'
import { migrations } from './migrations/list.js'
import type { SessionSettings } from './new-session.js'
import type { SameServer } from './same-server.js'

/** What `Database.open` needs. */
export interface DatabaseOptions {
  readonly url: string
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
  /** pg's own limit, in milliseconds. */
  readonly client: { readonly query_timeout?: number }
  /** PostgreSQL's. 0 is none, also where the role has one. */
  readonly session: Required<Omit<SessionSettings, 'search_path'>>
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
  client: {},
  session: { statement_timeout: 0, idle_in_transaction_session_timeout: 0 },
}

/** The limits of long transactions, whose statements take as long as they take. */
const longLimits: Limits = {
  client: {},
  session: { ...requestLimits.session, statement_timeout: 0 },
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
      ...limits.client,
      ...sameServer.poolOptions({ search_path: schema, ...limits.session }),
      application_name: 'idem',
      keepAlive: true,
      ...address,
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
    ...sameServer.poolOptions({ search_path: schemaOf(options.url), ...longLimits.session }),
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
