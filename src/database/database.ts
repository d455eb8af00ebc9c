// The connection pool of the process, and the ORM on it.
import { Migrator } from '@mikro-orm/migrations'
import { type EntityManager, MikroORM, type Options } from '@mikro-orm/postgresql'
import type { Pool, PoolClient } from 'pg'
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { Composer } from './composer.js'
import { type Connection, runPrepared, type Statement } from './connection.js'
import { migrations } from './migrations/list.js'
import { isConnectionLost } from './storage-errors.js'
import { Transaction } from './transaction.js'

/** What `Database.open` needs. */
export interface DatabaseOptions {
  readonly url: string
  readonly poolSize: number
  readonly entities: NonNullable<Options['entities']>
  readonly logger: Logger
  readonly metrics: Metrics
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

/** The limits of requests. */
const requestLimits = {
  statement_timeout: statementTimeoutMilliseconds,
  query_timeout: queryTimeoutMilliseconds,
  idle_in_transaction_session_timeout: idleInTransactionTimeoutMilliseconds,
}

/** The limits of migrations: none. */
const noLimits = {}

/** Connections for long transactions, which is the number of jobs with one at the same time. */
const longPoolSize = 2

/** The time limit of a transaction's statements: that of requests, or none. */
export type TransactionLimits = 'request' | 'long'

/** How long the server may take to close the connections before they are destroyed. */
const closeTimeoutMilliseconds = 2_000

/** The pool and the ORM. Close it after everything else. */
export class Database implements Connection {
  /** Composes the statements of `Call.write`. */
  readonly composer: Composer
  /** Every open connection. */
  readonly #clients = new Set<PoolClient>()
  /** Made at its first use. */
  #longPool: Pool | null = null

  private constructor(
    readonly orm: MikroORM,
    private readonly pool: Pool,
    private readonly options: DatabaseOptions,
  ) {
    this.composer = new Composer((entity) => orm.getMetadata().get(entity))
    this.#watch(pool)
  }

  /** The URL of the database, including the password. */
  get url(): string {
    return this.options.url
  }

  /** Makes the pool. Succeeds without a database, because connections are opened when they are needed. */
  static async open(options: DatabaseOptions): Promise<Database> {
    return await Database.#open(options, requestLimits)
  }

  /** The same database with connections without time limits. The caller closes it. */
  async openUnhurried(): Promise<Database> {
    return await Database.#open(this.options, noLimits)
  }

  static async #open(options: DatabaseOptions, limits: Partial<typeof requestLimits>) {
    const orm = await MikroORM.init({
      clientUrl: options.url,
      entities: options.entities,
      ensureDatabase: false,
      pool: { max: options.poolSize, idleTimeoutMillis: 30_000 },
      driverOptions: {
        connectionTimeoutMillis: connectTimeoutMilliseconds,
        ...limits,
        application_name: 'idem',
        keepAlive: true,
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
    const pool: Pool = await orm.em.getConnection().getNativeClient()
    return new Database(orm, pool, options)
  }

  /** Runs a prepared statement on a connection of the pool and returns its rows. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    this.options.metrics.databaseStatements.inc()
    const client = await this.pool.connect()
    try {
      const rows = await runPrepared<R>(client, statement, values)
      client.release()
      return rows
    } catch (error) {
      // Not `pool.query`, which closes the connection after any error of a statement.
      client.release(isConnectionLost(error))
      throw error
    }
  }

  /** A new entity manager whose statements run on connections of the pool. */
  fork(): EntityManager {
    return this.orm.em.fork()
  }

  /**
   * Runs `work` in a transaction; commits when it returns, rolls back when it throws. A broken connection, or one that
   * cannot roll back, is closed, and the pool makes another one.
   */
  async transact<T>(work: (transaction: Transaction) => Promise<T>, limits: TransactionLimits): Promise<T> {
    const pool = limits === 'request' ? this.pool : this.#poolOfLong()
    const client = await pool.connect()
    const transaction = new Transaction({ client, fork: () => this.fork(), metrics: this.options.metrics })
    let result: T
    try {
      await transaction.begin()
      result = await work(transaction)
      await transaction.commit()
    } catch (error) {
      client.release(!(await transaction.rollBack(error)))
      throw error
    }
    client.release()
    transaction.announce()
    return result
  }

  /** True if the database answers a trivial statement. */
  async answers(): Promise<boolean> {
    try {
      await this.run({ name: 'idem_ready', text: 'select 1' }, [])
      this.options.metrics.databaseUp.set(1)
      return true
    } catch {
      this.options.metrics.databaseUp.set(0)
      return false
    }
  }

  /** Closes all connections, within 2 s even if the server does not answer. */
  async close(): Promise<void> {
    const { promise: timedOut, resolve } = Promise.withResolvers<void>()
    const cutOff = setTimeout(() => {
      for (const client of this.#clients) client.connection.stream.destroy()
      resolve()
    }, closeTimeoutMilliseconds)
    try {
      await Promise.race([this.#end(), timedOut])
    } finally {
      clearTimeout(cutOff)
    }
  }

  /** Ends the pools. The ORM (kysely 0.29) ends the pool only if it has used it itself. */
  async #end(): Promise<void> {
    await Promise.all([this.orm.close(true), this.#longPool?.end()])
    if (!this.pool.ending) await this.pool.end()
  }

  #poolOfLong(): Pool {
    if (this.#longPool !== null) return this.#longPool
    const pool = new pg.Pool({
      connectionString: this.options.url,
      max: longPoolSize,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: connectTimeoutMilliseconds,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMilliseconds,
      application_name: 'idem long',
      keepAlive: true,
      // The ORM's pool, for the entity managers.
      ...(this.pool.options.types === undefined ? {} : { types: this.pool.options.types }),
    })
    // As in the ORM's own pool, because an error event without a listener would end the process.
    const warn = (error: Error) => this.options.logger.warn({ err: error }, 'a database connection was lost')
    pool.on('error', warn)
    pool.on('connect', (client) => void client.on('error', warn))
    this.#watch(pool)
    this.#longPool = pool
    return pool
  }

  #watch(pool: Pool): void {
    pool.on('connect', (client) => void this.#clients.add(client))
    pool.on('remove', (client) => void this.#clients.delete(client))
  }
}

/** Handles MikroORM's log lines: counts statements, and logs warnings about connections. */
const countingLogger = (options: DatabaseOptions) => ({
  log: () => undefined,
  error: (_namespace: string, message: string) => options.logger.warn({ detail: message }, 'database error'),
  warn: (_namespace: string, message: string) => options.logger.warn({ detail: message }, 'database warning'),
  logQuery: () => options.metrics.databaseStatements.inc(),
  setDebugMode: () => undefined,
  // Never `query-params`, because values must not be logged.
  isEnabled: (namespace: string) => namespace === 'query',
})
