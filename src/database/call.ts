// Call: what lives as long as one request, handed down as the first parameter of everything.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Principal } from '../authorization/principal.js'
import type { Database, Statement } from './database.js'
import type { Row } from './row.js'
import { changeAndInsert, insertOneByOne, insertTogether } from './write.js'

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

/** One request: who asks, when, from where, and its door to the database. */
export class Call implements CallFacts {
  readonly principal: Principal | null
  readonly now: Date
  readonly requestId: string
  readonly source: Source
  #em: EntityManager | null

  constructor(
    private readonly database: Database,
    facts: CallFacts,
    em: EntityManager | null = null,
  ) {
    this.principal = facts.principal
    this.now = facts.now
    this.requestId = facts.requestId
    this.source = facts.source
    this.#em = em
  }

  /** This request's entity manager, forked when it is first asked for: most requests need none. */
  get em(): EntityManager {
    this.#em ??= this.database.orm.em.fork()
    return this.#em
  }

  /** The same request with another principal: what context learns once the bearer has been checked. */
  by(principal: Principal | null): Call {
    return new Call(this.database, { ...this.facts(), principal }, this.#em)
  }

  /** Runs a prepared statement, a transaction of its own. Not for use inside `inTransaction`. */
  async run<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    if (this.#isInTransaction())
      throw new Error(`statement ${statement.name} would run outside of its transaction`)
    return await this.database.run<R>(statement, values)
  }

  /** Inserts rows: all of them or none. Throws the failure of the row whose unique index refused. */
  async write(...rows: readonly Row[]): Promise<void> {
    if (this.#isInTransaction()) await insertOneByOne(this.em, this.database, rows)
    else await insertTogether(this.database, rows)
  }

  /**
   * Makes a change that carries its own condition (an update or delete that returns columns), and inserts rows only when
   * it took effect: the check and the change in one statement. Returns the changed rows. Not for use inside `inTransaction`.
   */
  async change<R>(statement: Statement, values: readonly unknown[], ...rows: readonly Row[]): Promise<R[]> {
    if (this.#isInTransaction())
      throw new Error(`change ${statement.name} would run outside of its transaction`)
    return await changeAndInsert<R>(this.database, { statement, values }, rows)
  }

  /** Runs `work` in one transaction with a call of its own; commits when it returns, rolls back when it throws. */
  async inTransaction<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return await this.database.orm.em
      .fork()
      .transactional(async (em) => await work(new Call(this.database, this.facts(), em as EntityManager)))
  }

  #isInTransaction(): boolean {
    return this.#em?.isInTransaction() === true
  }

  private facts(): CallFacts {
    return { principal: this.principal, now: this.now, requestId: this.requestId, source: this.source }
  }
}
