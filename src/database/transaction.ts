// Transaction: the one connection on which everything of a transaction runs, whoever asks.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { PoolClient } from 'pg'
import type { Metrics } from '../runtime/metrics.js'
import { type Connection, runPrepared, type Statement } from './connection.js'
import { isConnectionLost } from './storage-errors.js'

/** What `Transaction` needs. */
export interface TransactionNeeds {
  /** A connection of a pool, given back by whoever took it. */
  readonly client: PoolClient
  /** A new entity manager of the process. */
  readonly fork: () => EntityManager
  readonly metrics: Metrics
}

/** What the entity manager asks of a transaction: kysely's way to run a statement. */
interface OrmStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** An open transaction. Its statements run one after the other, and none once it is over. */
export class Transaction implements Connection {
  #isOpen = false
  #savepoints = 0
  readonly #hooks: (() => void)[] = []
  /** The statement before the next one, which waits for it whatever comes of it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(private readonly needs: TransactionNeeds) {}

  /** Runs a prepared statement in the transaction. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    this.needs.metrics.databaseStatements.inc()
    return await this.#inTurn(async () => {
      this.#requireOpen(statement.name)
      return await runPrepared<R>(this.needs.client, statement, values)
    })
  }

  /** A new entity manager whose statements run in the transaction. */
  fork(): EntityManager {
    const em = this.needs.fork()
    em.setTransactionContext({ executeQuery: (statement: OrmStatement) => this.#runForOrm(statement) })
    return em
  }

  /** Calls `hook` once the transaction is committed; never when it is rolled back. */
  afterCommit(hook: () => void): void {
    this.#hooks.push(hook)
  }

  /** Begins. */
  async begin(): Promise<void> {
    await this.#control('begin')
    this.#isOpen = true
  }

  /** Commits. Throws when PostgreSQL rolled back instead: a statement had failed, and somebody caught its error. */
  async commit(): Promise<void> {
    this.#isOpen = false
    if ((await this.#control('commit')) !== 'COMMIT')
      throw new Error('a statement of the transaction failed unnoticed, so it was rolled back')
  }

  /** Calls the hooks, when the transaction has been committed. */
  announce(): void {
    for (const hook of this.#hooks) hook()
  }

  /** Rolls back after `error`; false when the connection is of no more use. */
  async rollBack(error: unknown): Promise<boolean> {
    this.#isOpen = false
    if (isConnectionLost(error)) return false
    try {
      await this.#control('rollback')
      return true
    } catch {
      return false
    }
  }

  /** Does work of which nothing stays when it throws, whatever becomes of the rest of the transaction. One at a time. */
  async nest<T>(work: () => Promise<T>): Promise<T> {
    this.#savepoints += 1
    const savepoint = `idem_${this.#savepoints}`
    const hooksBefore = this.#hooks.length
    this.#requireOpen('savepoint')
    await this.#control(`savepoint ${savepoint}`)
    try {
      const result = await work()
      await this.#control(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      this.#hooks.splice(hooksBefore)
      if (!isConnectionLost(error)) await this.#control(`rollback to savepoint ${savepoint}`)
      throw error
    }
  }

  /** The command that PostgreSQL says it has done. */
  async #control(command: string): Promise<string> {
    this.needs.metrics.databaseStatements.inc()
    return await this.#inTurn(async () => (await this.needs.client.query(command)).command)
  }

  async #runForOrm({ sql, parameters }: OrmStatement) {
    const { command, rowCount, rows } = await this.#inTurn(async () => {
      this.#requireOpen('of the entity manager')
      return await this.needs.client.query(sql, [...parameters])
    })
    return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return await turn
  }

  /** Its connection may be another's by then. */
  #requireOpen(what: string): void {
    if (!this.#isOpen)
      throw new Error(`statement ${what} would run outside of its transaction, which is over`)
  }
}
