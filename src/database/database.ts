// The one connection pool of the process, and the ORM on top of it.
import { Migrator } from '@mikro-orm/migrations'
import { type EntityMetadata, MikroORM, type Options } from '@mikro-orm/postgresql'
import type { Pool, PoolClient } from 'pg'
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { returnBrokenConnections } from './broken-connections.js'
import { migrations } from './migrations/list.js'

/** A named statement: PostgreSQL prepares it once a connection. */
export interface Statement {
  /** Unique in the process, at most 63 characters (PostgreSQL cuts longer ones). */
  readonly name: string
  readonly text: string
}

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

/** A server that runs hangs up in milliseconds. After this long the connections are closed from our side. */
const closeTimeoutMilliseconds = 2_000

/** The pool and the ORM. Close it last. */
export class Database {
  /** The statements that `write.ts` composed, by the list of their tables. */
  readonly composed = new Map<string, Statement>()

  private constructor(
    readonly orm: MikroORM,
    private readonly pool: Pool,
    private readonly clients: ReadonlySet<PoolClient>,
    private readonly options: DatabaseOptions,
  ) {}

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
    returnBrokenConnections(pool)
    const clients = new Set<PoolClient>()
    pool.on('connect', (client) => void clients.add(client))
    pool.on('remove', (client) => void clients.delete(client))
    return new Database(orm, pool, clients, options)
  }

  /** Runs a prepared statement on a connection of the pool and returns its rows. */
  async run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    this.options.metrics.databaseStatements.inc()
    const result = await this.pool.query({
      name: statement.name,
      text: statement.text,
      values: [...values],
      // pg's own parsers: a timestamptz is a Date. The ORM's pool leaves such values as text.
      types: pg.types,
    })
    // The caller wrote the select list that `Row` describes.
    return result.rows as Row[]
  }

  /** The ORM's description of an entity: table, columns, types. */
  describe(entity: Parameters<MikroORM['getMetadata']>[0] & {}): EntityMetadata {
    return this.orm.getMetadata().get(entity)
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
      for (const client of this.clients) client.connection.stream.destroy()
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
    await this.orm.close(true)
    if (!this.pool.ending) await this.pool.end()
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
