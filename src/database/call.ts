// Call: what lives as long as one request, handed down as the first parameter of everything.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Principal } from '../authorization/principal.js'
import { type Change, isChange, type Part } from './change.js'
import type { Statement } from './connection.js'
import type { Database, TransactionLimits } from './database.js'
import type { Transaction } from './transaction.js'
import { changeAndWrite, NoEffect, type WriteNeeds, write } from './write.js'

/** Where a call came from. */
export interface Source {
  /** The client's network: an IPv4 address, or the /64 of an IPv6 address; limits are keyed on it. */
  readonly network: string
  /** The client's address as text, for the audit log. */
  readonly address: string
  /** What the client calls itself (`User-Agent`), or null. Shown to its owner, never trusted. */
  readonly userAgent: string | null
  /** The languages that it would like an answer in (`Accept-Language`), or null. */
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
 * One request: who asks, when, from where, and its door to the database. Inside `inTransaction` everything that a call
 * does runs in the transaction, so a store does not know, and need not, whether there is one.
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

  /** This call's entity manager, for reads; forked when it is first asked for: most requests need none. */
  get em(): EntityManager {
    this.#em ??= (this.transaction ?? this.database).fork()
    return this.#em
  }

  /** True inside of a transaction: what is read may be rolled back, so nothing of it is remembered beyond the call. */
  get isInTransaction(): boolean {
    return this.transaction !== null
  }

  /** The same request with another principal: what context learns once the bearer has been checked. */
  by(principal: Principal | null): Call {
    return new Call(this.database, { ...this.facts(), principal }, this.transaction)
  }

  /** Runs a prepared statement and returns its rows. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return await (this.transaction ?? this.database).run<R>(statement, values)
  }

  /**
   * Writes rows and changes as one prepared statement: all of them or none. Throws, and has then written nothing,
   * - a part's own failure for the constraint that refused (`refusals`); `INTERNAL` where the part has none for it;
   * - the failure of a change that had to take effect and did not (`otherwise`).
   * Rows of one table are one insert, however many they are. Where in the transaction of `inTransaction` it throws,
   * that transaction can only be rolled back.
   */
  async write(...parts: readonly Part[]): Promise<void> {
    await write(parts, this.#writeNeeds())
  }

  /**
   * Makes a change that carries its own condition, and writes the parts only when it took effect: the check and all
   * that depends on it as one statement. Returns what the change returned: no row, and nothing was written. Throws like
   * `write`; a row may take a value from what was changed (`FromChange`).
   */
  async change<R>(change: Change, ...parts: readonly Part[]): Promise<R[]> {
    const make = async () => await changeAndWrite<R>(change, parts, this.#writeNeeds())
    try {
      // Beside other changes the statement fails when the first takes no effect: not to end the transaction around it.
      const isNested = this.transaction !== null && parts.some(isChange)
      return isNested ? await this.transaction.nest(make) : await make()
    } catch (error) {
      if (error instanceof NoEffect) return []
      throw error
    }
  }

  /**
   * Runs `work` in one transaction with a call of its own; commits when it returns, rolls back when it throws. Inside
   * of another transaction it becomes a part of that, of which nothing stays when it throws.
   */
  async inTransaction<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return await this.#transact(work, 'request')
  }

  /**
   * The same for work that takes longer than a request may (5 s a statement): a merge, an export, a removal. It runs on
   * connections apart, so that requests never wait for one of them; of these there are few, so only jobs call it.
   */
  async inLongTransaction<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return await this.#transact(work, 'long')
  }

  /** Calls `hook` once what this call has changed is committed: at once where there is no transaction. */
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
