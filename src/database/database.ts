// The one connection pool of the process, and the ORM on top of it.
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
 * How long a request waits for a connection before the database counts as away. pg's pool has one setting for the wait
 * for a free connection and for the making of a new one, so this is longer than a statement may hold a connection:
 * who queues behind statements that wait for a lock gets its turn when PostgreSQL ends them. In milliseconds.
 */
const connectTimeoutMilliseconds = 8_000
/**
 * PostgreSQL ends a statement that takes longer. Every one of ours takes milliseconds, so it waited for a lock, and its
 * caller is told to try again while a client still listens. In milliseconds.
 */
const statementTimeoutMilliseconds = 5_000
/** PostgreSQL says that it ended the statement; after this long its silence means that it cannot be heard. */
const queryTimeoutMilliseconds = statementTimeoutMilliseconds + 1_000
/**
 * PostgreSQL ends a transaction that idles for longer: its process hangs, or is gone unnoticed, and keeps others from
 * the rows that it locked. Ours idle for the milliseconds between two statements.
 */
const idleInTransactionTimeoutMilliseconds = 10_000

/** What a request may take of the database. */
const requestLimits = {
  statement_timeout: statementTimeoutMilliseconds,
  query_timeout: queryTimeoutMilliseconds,
  idle_in_transaction_session_timeout: idleInTransactionTimeoutMilliseconds,
}

/** What a migration may take: all the time it needs. */
const noLimits = {}

/** Connections of long transactions: as many jobs that need one run at a time. */
const longPoolSize = 2

/** How long the statements of a transaction may take: as long as those of a request, or as long as they need. */
export type TransactionLimits = 'request' | 'long'

/** A server that runs hangs up in milliseconds. After this long the connections are closed from our side. */
const closeTimeoutMilliseconds = 2_000

/** The pool and the ORM. Close it last. */
export class Database implements Connection {
  /** What composes the statements of `Call.write`. */
  readonly composer: Composer
  /** Every open connection. */
  readonly #clients = new Set<PoolClient>()
  /** Made when it is first needed. */
  #longPool: Pool | null = null

  private constructor(
    readonly orm: MikroORM,
    private readonly pool: Pool,
    private readonly options: DatabaseOptions,
  ) {
    this.composer = new Composer((entity) => orm.getMetadata().get(entity))
    this.#watch(pool)
  }

  /** Where the database is, password included. */
  get url(): string {
    return this.options.url
  }

  /** Makes the pool; connections are opened when they are needed, so this succeeds with the database away. */
  static async open(options: DatabaseOptions): Promise<Database> {
    return await Database.#open(options, requestLimits)
  }

  /** The same database over connections whose statements may take as long as they need. Closed by its opener. */
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
      // Not `pool.query`, which closes the connection of whatever was refused.
      client.release(isConnectionLost(error))
      throw error
    }
  }

  /** A new entity manager whose statements run on connections of the pool. */
  fork(): EntityManager {
    return this.orm.em.fork()
  }

  /**
   * Runs `work` in a transaction; commits when it returns, rolls back when it throws. A connection that broke, or
   * that cannot even roll back, is closed, and the pool makes another one.
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

  /** True when a trivial statement comes back. */
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

  /** Ends all connections, within 2 s also those to a server that does not answer. */
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

  /** The ORM (kysely 0.29) ends the pool only when it has itself used it, and ours may have served `run` alone. */
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
      // The ORM's, for the entity managers that work here.
      ...(this.pool.options.types === undefined ? {} : { types: this.pool.options.types }),
    })
    // As the ORM does for its own: an error that nobody listens for would end the process.
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

/** MikroORM's log lines: statements are only counted, warnings about the connection go to our log. */
const countingLogger = (options: DatabaseOptions) => ({
  log: () => undefined,
  error: (_namespace: string, message: string) => options.logger.warn({ detail: message }, 'database error'),
  warn: (_namespace: string, message: string) => options.logger.warn({ detail: message }, 'database warning'),
  logQuery: () => options.metrics.databaseStatements.inc(),
  setDebugMode: () => undefined,
  // Never `query-params`: values are nobody's business.
  isEnabled: (namespace: string) => namespace === 'query',
})
