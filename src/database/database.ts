// The one connection pool of the process, and the ORM on top of it.

import { Migrator } from '@mikro-orm/migrations'
import { type EntityMetadata, MikroORM, type Options } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
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

/** What `openDatabase` needs. */
export interface DatabaseOptions {
  readonly url: string
  readonly poolSize: number
  readonly entities: NonNullable<Options['entities']>
  readonly logger: Logger
  readonly metrics: Metrics
}

/** How long a request waits for a free connection before the database counts as away, in milliseconds. */
const connectTimeoutMilliseconds = 8_000
/** A statement that runs longer is ended by PostgreSQL: every one of ours takes milliseconds. */
const statementTimeoutMilliseconds = 10_000

/** The pool and the ORM. Close it last. */
export class Database {
  /** The statements that `write.ts` composed, by the list of their tables. */
  readonly composed = new Map<string, Statement>()

  private constructor(
    readonly orm: MikroORM,
    readonly url: string,
    private readonly pool: Pool,
    private readonly metrics: Metrics,
  ) {}

  /** Makes the pool; connections are opened when they are needed, so this succeeds with the database away. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const orm = await MikroORM.init({
      clientUrl: options.url,
      entities: options.entities,
      ensureDatabase: false,
      pool: { max: options.poolSize, idleTimeoutMillis: 30_000 },
      driverOptions: {
        connectionTimeoutMillis: connectTimeoutMilliseconds,
        statement_timeout: statementTimeoutMilliseconds,
        query_timeout: statementTimeoutMilliseconds + 1_000,
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
    return new Database(orm, options.url, pool, options.metrics)
  }

  /** Runs a prepared statement on a connection of the pool and returns its rows. */
  async run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    this.metrics.databaseStatements.inc()
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
      this.metrics.databaseUp.set(1)
      return true
    } catch {
      this.metrics.databaseUp.set(0)
      return false
    }
  }

  async close(): Promise<void> {
    await this.orm.close(true)
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
