// Keeps all connections of the process on one and the same server, and that one writable, also after a fail-over.
import type { Duplex } from 'node:stream'
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import { type SessionSettings, sessionStarter } from './new-session.js'

/** What a server says of itself. */
export interface ServerFacts {
  /** True for a replica, and for a primary that was fenced off by `default_transaction_read_only`. */
  readonly isReadOnly: boolean
  /**
   * When it was started. Differs between any two servers, so also with the system identifier and with the timeline; in
   * contrast to them, it may be read everywhere, and `pg_control_checkpoint` shows a new timeline only after the next
   * checkpoint.
   */
  readonly server: string
}

/** The facts in the select list of a statement. */
export const serverFacts = `current_setting('transaction_read_only')::boolean as "isReadOnly",
  extract(epoch from pg_postmaster_start_time())::text as server`

/** How long a new connection may take to tell the facts, in milliseconds. */
const factsMilliseconds = 3_000

const askFacts = { text: `select ${serverFacts}`, query_timeout: factsMilliseconds }

/** SQLSTATE read_only_sql_transaction, which a server that cannot be written to answers. */
const readOnlyState = '25006'

/** Thrown instead of using a server that cannot be written to; the database counts as away. */
export class ReadOnlyServer extends Error {
  override readonly name = 'ReadOnlyServer'
  /** As if the server had refused a statement. */
  readonly code = readOnlyState

  constructor() {
    super('the database server is read-only: a replica, or a primary that was replaced')
  }
}

/** True if a statement was refused because its server is read-only. */
export const isReadOnlyRefusal = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'code') === readOnlyState

/** Every connection of the process. All of them are dropped when their server is not the one to use any more. */
export class SameServer {
  #server: string | null = null
  readonly #streams = new Set<Duplex>()

  constructor(private readonly logger: Logger) {}

  /**
   * Checks a new connection before its first use. Throws `ReadOnlyServer`. If it leads to another server than those
   * before, they are dropped.
   */
  async admit(client: pg.ClientBase): Promise<void> {
    // Which every client of pg is, in contrast to its types.
    if (!(client instanceof pg.Client)) throw new Error('the connection is not one of pg')
    const { stream } = client.connection
    const { rows } = await client.query<ServerFacts>(askFacts)
    this.check(rows[0], stream)
    if (stream.destroyed) return
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
  }

  /** The same with the settings of the new session, for `onConnect` of a pool. */
  starter(settings: SessionSettings): (client: pg.ClientBase) => Promise<void> {
    const start = sessionStarter(settings)
    return async (client) => {
      await this.admit(client)
      await start(client)
    }
  }

  /**
   * Compares what a server answered with the server of all connections. Drops all but `own` if it is another one; drops
   * all and throws `ReadOnlyServer` if it has become read-only.
   */
  check(facts: ServerFacts | undefined, own: Duplex | null = null): void {
    if (facts === undefined) throw new Error('the server tells nothing of itself')
    const { isReadOnly, server } = facts
    if (isReadOnly) {
      // Another one that is read-only says nothing of ours.
      if (server === this.#server) this.dropAll()
      throw new ReadOnlyServer()
    }
    if (server === this.#server) return
    const isFirst = this.#server === null
    this.#server = server
    if (!isFirst) this.#drop('another database server answers, or the same was restarted', own)
  }

  /** Drops all connections, after the server refused to write. New ones are admitted once there is a writable server. */
  dropAll(): void {
    this.#drop('the database server has become read-only', null)
  }

  #drop(why: string, own: Duplex | null): void {
    const dropped = [...this.#streams].filter((stream) => stream !== own)
    for (const stream of dropped) {
      this.#streams.delete(stream)
      // Whoever waits for an answer there is told that the connection was terminated.
      stream.destroy()
    }
    if (dropped.length > 0)
      this.logger.warn({ dropped: dropped.length }, `${why}: all connections to the old one are dropped`)
  }
}
