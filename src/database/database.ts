// The connection pool of the process, and the ORM on it.
import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from '../runtime/logger.js'
import { Composer } from './composer.js'
import { type Connection, runPrepared, type SessionKind, type Statement } from './connection.js'
import {
  beginsOf,
  type DatabaseOptions,
  type Limits,
  noLimits,
  openLongPool,
  openOrm,
  requestLimits,
  sessionKindOf,
} from './open-pools.js'
import { isReadOnlyRefusal, SameServer, type ServerFacts, serverFacts } from './same-server.js'
import { isConnectionLost } from './storage-errors.js'
import { traceStatements } from './trace-statements.js'
import { Transaction } from './transaction.js'

/** The time limit of a transaction's statements: that of requests, or none. */
export type TransactionLimits = 'request' | 'long'

/** How long the server may take to close the connections before they are destroyed. */
const closeTimeoutMilliseconds = 2_000

/**
 * The write that readiness asks for: a record of the log and its commit, which waits for the disk, and for a replica
 * where commits do. It leaves nothing in any table.
 */
const writeAndAskFacts = {
  name: 'idem_ready',
  text: `select case when not current_setting('transaction_read_only')::boolean
      then pg_logical_emit_message(true, 'idem', 'ready') end, ${serverFacts}`,
}
/** The answer is used again for so long, so that readiness probes cause no load, in milliseconds. */
const answerMilliseconds = 500

/** The pool and the ORM. Close it after everything else. */
export class Database implements Connection {
  /** Composes the statements of `Call.write`. */
  readonly composer: Composer
  readonly #session: SessionKind
  /** Every open connection. */
  readonly #clients = new Set<PoolClient>()
  /** Made at its first use. */
  #longPool: Pool | null = null
  /** The last answer of the database, for a moment. */
  #answer: Promise<boolean> | null = null

  private constructor(
    readonly orm: MikroORM,
    private readonly pool: Pool,
    private readonly options: DatabaseOptions,
    /** The server of all connections of the process. */
    readonly sameServer: SameServer,
  ) {
    this.composer = new Composer((entity) => orm.getMetadata().get(entity))
    this.#session = sessionKindOf(options)
    this.#watch(pool)
  }

  /** The URL of the database, including the password. */
  get url(): string {
    return this.options.url
  }

  /** The URL of the connections that keep their sessions: another one behind a pooler that lends them. */
  get directUrl(): string {
    return this.options.directUrl ?? this.options.url
  }

  /** The log of the process. */
  get logger(): Logger {
    return this.options.logger
  }

  /** Makes the pool. Succeeds without a database, because connections are opened when they are needed. */
  static async open(options: DatabaseOptions): Promise<Database> {
    return await Database.#open(options, requestLimits)
  }

  /** The same database with connections without time limits, past a pooler. The caller closes it. */
  async openUnhurried(): Promise<Database> {
    const { directUrl: _, ...options } = this.options
    return await Database.#open({ ...options, url: this.directUrl }, noLimits)
  }

  static async #open(options: DatabaseOptions, limits: Limits) {
    const sameServer = new SameServer(options.logger)
    const orm = await openOrm(options, limits, sameServer)
    const pool: Pool = await orm.em.getConnection().getNativeClient()
    return new Database(orm, pool, options, sameServer)
  }

  /** Runs a prepared statement on a connection of the pool and returns its rows. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    this.options.metrics.databaseStatements.inc()
    return await this.#run<R>(statement, values)
  }

  /**
   * The same for the process itself: on a connection that is free, or that there is room for. Null if all are in use,
   * because it never waits behind requests.
   */
  async runIfFree<R>(statement: Statement, values: readonly unknown[]): Promise<R[] | null> {
    const { idleCount, totalCount, waitingCount } = this.pool
    const isFree = waitingCount === 0 && (idleCount > 0 || totalCount < this.options.poolSize)
    return isFree ? await this.#run<R>(statement, values) : null
  }

  async #run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const client = await this.pool.connect()
    try {
      const rows = await runPrepared<R>({ client, session: this.#session }, statement, values)
      client.release()
      return rows
    } catch (error) {
      // Not `pool.query`, which closes the connection after any error of a statement.
      client.release(isConnectionLost(error))
      if (isReadOnlyRefusal(error)) this.sameServer.dropAll()
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
    const transaction = new Transaction({
      client,
      session: this.#session,
      begins: beginsOf(this.options, limits),
      fork: () => this.fork(),
      metrics: this.options.metrics,
    })
    let result: T
    try {
      await transaction.begin()
      result = await work(transaction)
      await transaction.commit()
    } catch (error) {
      client.release(!(await transaction.rollBack(error)))
      if (isReadOnlyRefusal(error)) this.sameServer.dropAll()
      throw error
    }
    client.release()
    transaction.announce()
    return result
  }

  /** True if the database can be written to. Concurrent calls, and those soon after, share one answer. */
  async answers(): Promise<boolean> {
    this.#answer ??= this.#writes().finally(() => {
      setTimeout(() => {
        this.#answer = null
      }, answerMilliseconds).unref()
    })
    return await this.#answer
  }

  async #writes(): Promise<boolean> {
    try {
      const [facts] = await this.run<ServerFacts>(writeAndAskFacts, [])
      this.sameServer.check(facts)
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

  /**
   * Ends the pools, which wait for what is under way. The ORM is closed last: kysely (0.29) forgets the pool before it
   * ends it, so that a connection that is just being made would fail its read and never be given back.
   */
  async #end(): Promise<void> {
    if (this.pool.ending) return
    await Promise.all([this.pool.end(), this.#longPool?.end()])
    // If it has used the pool, it ends it again, which the pool refuses.
    await this.orm.close(true).catch(() => undefined)
  }

  #poolOfLong(): Pool {
    if (this.#longPool !== null) return this.#longPool
    const pool = openLongPool(this.options, this.pool.options.types, this.sameServer)
    this.#watch(pool)
    this.#longPool = pool
    return pool
  }

  #watch(pool: Pool): void {
    const { traces = null } = this.options
    if (traces !== null) pool.on('connect', (client) => traceStatements(client, traces))
    pool.on('connect', (client) => void this.#clients.add(client))
    pool.on('remove', (client) => void this.#clients.delete(client))
  }
}
