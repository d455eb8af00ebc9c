// Call: the facts of one request and its access to the database, the first parameter of every function that needs them.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Principal } from '../authorization/principal.js'
import { type Change, isChange, type Part, withBeside } from './change.js'
import type { Statement } from './connection.js'
import type { Database, TransactionLimits } from './database.js'
import type { Transaction } from './transaction.js'
import { changeAndWrite, NoEffect, type WriteNeeds, write } from './write.js'

/** The origin of a call. */
export interface Source {
  /** The client's network: an IPv4 address, or the /64 of an IPv6 address. Limits are counted for it. */
  readonly network: string
  /** The client's address as text, for the audit log. */
  readonly address: string
  /** The client's `User-Agent`, or null. Shown to its owner, never trusted. */
  readonly userAgent: string | null
  /** The client's preferred languages (`Accept-Language`), or null. */
  readonly acceptLanguage: string | null
}

/** The facts of one request. */
export interface CallFacts {
  readonly principal: Principal | null
  readonly now: Date
  readonly requestId: string
  readonly source: Source
}

/**
 * One request: principal, time, source, and the access to the database. Inside `inTransaction` every method runs in the
 * transaction, so stores work the same way with and without one.
 */
export class Call implements CallFacts {
  readonly principal: Principal | null
  readonly now: Date
  readonly requestId: string
  readonly source: Source
  #em: EntityManager | null = null

  constructor(
    private readonly database: Database,
    facts: CallFacts,
    private readonly transaction: Transaction | null = null,
  ) {
    this.principal = facts.principal
    this.now = facts.now
    this.requestId = facts.requestId
    this.source = facts.source
  }

  /** This call's entity manager, for reads. Forked at its first use, because most requests need none. */
  get em(): EntityManager {
    this.#em ??= (this.transaction ?? this.database).fork()
    return this.#em
  }

  /** True inside a transaction. What it reads may be rolled back, so it must not be cached. */
  get isInTransaction(): boolean {
    return this.transaction !== null
  }

  /** The same request with another principal, once the bearer was verified. */
  by(principal: Principal | null): Call {
    return new Call(this.database, { ...this.facts(), principal }, this.transaction)
  }

  /** Runs a prepared statement and returns its rows. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return await (this.transaction ?? this.database).run<R>(statement, values)
  }

  /**
   * Writes rows and changes as one prepared statement: all of them or none. If it throws, nothing was written. It throws
   * - a part's failure for the violated constraint (`refusals`); `INTERNAL` if the part has none for it;
   * - the failure of a required change that had no effect (`otherwise`).
   * Rows of one table are one insert, however many they are. After an error inside `inTransaction`, the transaction can
   * only be rolled back.
   */
  async write(...parts: readonly Part[]): Promise<void> {
    await write(withBeside(parts), this.#writeNeeds())
  }

  /**
   * Executes a change with a condition, and writes the parts only if it had an effect, as one statement. Returns the
   * rows that the change returned; none if nothing was written. Throws like `write`. A row may take a value from the
   * changed row (`FromChange`).
   */
  async change<R>(change: Change, ...parts: readonly Part[]): Promise<R[]> {
    const make = async () => await changeAndWrite<R>(change, withBeside(parts), this.#writeNeeds())
    try {
      // With other changes beside it, the statement fails if the first has no effect. The savepoint keeps the
      // transaction.
      const isNested = this.transaction !== null && parts.some(isChange)
      return isNested ? await this.transaction.nest(make) : await make()
    } catch (error) {
      if (error instanceof NoEffect) return []
      throw error
    }
  }

  /**
   * Runs `work` with a new call in a transaction; commits when it returns, rolls back when it throws. Inside another
   * transaction it is a savepoint, to which it rolls back when it throws.
   */
  async inTransaction<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return await this.#transact(work, 'request')
  }

  /**
   * The same for work whose statements take longer than those of requests may (5 s), such as a merge. It has separate
   * connections, so that requests never wait for them. There are few, so only jobs call it.
   */
  async inLongTransaction<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return await this.#transact(work, 'long')
  }

  /** Calls `hook` after the commit of this call's transaction; immediately without a transaction. */
  afterCommit(hook: () => void): void {
    if (this.transaction === null) hook()
    else this.transaction.afterCommit(hook)
  }

  async #transact<T>(work: (call: Call) => Promise<T>, limits: TransactionLimits): Promise<T> {
    const { transaction } = this
    if (transaction !== null) return await transaction.nest(async () => await work(this.#within(transaction)))
    return await this.database.transact(async (begun) => await work(this.#within(begun)), limits)
  }

  #within(transaction: Transaction): Call {
    return new Call(this.database, this.facts(), transaction)
  }

  #writeNeeds(): WriteNeeds {
    return { connection: this.transaction ?? this.database, composer: this.database.composer }
  }

  private facts(): CallFacts {
    return { principal: this.principal, now: this.now, requestId: this.requestId, source: this.source }
  }
}
