// Transaction: runs all statements of a transaction on its connection, also those of entity managers.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { PoolClient } from 'pg'
import type { Metrics } from '../runtime/metrics.js'
import { type Connection, runPrepared, type SessionKind, type Statement } from './connection.js'
import { isConnectionLost } from './storage-errors.js'

/** What `Transaction` needs. */
export interface TransactionNeeds {
  /** A connection of a pool, which the caller releases. */
  readonly client: PoolClient
  readonly session: SessionKind
  /** The statements that begin it. */
  readonly begins: readonly string[]
  /** A new entity manager of the process. */
  readonly fork: () => EntityManager
  readonly metrics: Metrics
}

/** The part of kysely's interface that the entity manager uses to run statements in a transaction. */
interface OrmStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** An open transaction. Its statements run one after the other; after its end it refuses further ones. */
export class Transaction implements Connection {
  #isOpen = false
  #savepoints = 0
  readonly #hooks: (() => void)[] = []
  /** The end of the last statement, for which the next one waits, also if it fails. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(private readonly needs: TransactionNeeds) {}

  /** Runs a prepared statement in the transaction. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    this.needs.metrics.databaseStatements.inc()
    return await this.#inTurn(async () => {
      this.#requireOpen(statement.name)
      return await runPrepared<R>(this.needs, statement, values)
    })
  }

  /** A new entity manager whose statements run in the transaction. */
  fork(): EntityManager {
    const em = this.needs.fork()
    em.setTransactionContext({ executeQuery: (statement: OrmStatement) => this.#runForOrm(statement) })
    return em
  }

  /** Calls `hook` after the commit; not after a rollback. */
  afterCommit(hook: () => void): void {
    this.#hooks.push(hook)
  }

  /** Begins. */
  async begin(): Promise<void> {
    for (const statement of this.needs.begins) await this.#control(statement)
    this.#isOpen = true
  }

  /** Commits. Throws if PostgreSQL rolled back instead, because a statement had failed and its error was caught. */
  async commit(): Promise<void> {
    this.#isOpen = false
    if ((await this.#control('commit')) !== 'COMMIT')
      throw new Error('a statement of the transaction failed unnoticed, so it was rolled back')
  }

  /** Calls the hooks if the transaction was committed. */
  announce(): void {
    for (const hook of this.#hooks) hook()
  }

  /** Rolls back after `error`; false if the connection cannot be used any more. */
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

  /** Runs `work` with a savepoint, to which it rolls back when it throws. One at a time. */
  async nest<T>(work: () => Promise<T>): Promise<T> {
    this.#savepoints += 1
    const savepoint = `idem_${this.#savepoints}`
    const hooksBefore = this.#hooks.length
    await this.#controlOpen(`savepoint ${savepoint}`)
    try {
      const result = await work()
      await this.#controlOpen(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      this.#hooks.splice(hooksBefore)
      if (!isConnectionLost(error)) await this.#controlOpen(`rollback to savepoint ${savepoint}`)
      throw error
    }
  }

  /** The command that PostgreSQL reports as executed. */
  async #control(command: string): Promise<string> {
    this.needs.metrics.databaseStatements.inc()
    return await this.#inTurn(async () => (await this.needs.client.query(command)).command)
  }

  /** The same within the transaction. */
  async #controlOpen(command: string): Promise<void> {
    this.needs.metrics.databaseStatements.inc()
    await this.#inTurn(async () => {
      this.#requireOpen(command)
      await this.needs.client.query(command)
    })
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

  /** The error for a statement after the end, when another transaction may have the connection. */
  #requireOpen(what: string): void {
    if (!this.#isOpen)
      throw new Error(`statement ${what} would run outside of its transaction, which is over`)
  }
}
