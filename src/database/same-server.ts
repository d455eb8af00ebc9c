// Keeps all connections of the process on one and the same server, and that one writable, also after a fail-over.
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import { Seldom } from '../runtime/seldom.js'
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

/** What a pool makes and sets up its connections with. */
export interface PoolOptions {
  readonly Client: typeof pg.Client
  readonly onConnect: (client: pg.ClientBase) => Promise<void>
}

/** Why connections are dropped. */
const reasons = {
  changed: 'another database server answers, or the same was restarted',
  readOnly: 'the database server has become read-only',
}

/** Every connection of the process. All of them are dropped when their server is not the one to use any more. */
export class SameServer {
  #server: string | null = null
  /** From their beginning, oldest first; true once they have been admitted. */
  readonly #clients = new Map<pg.ClientBase, boolean>()
  /** The log lines of each reason: an address that leads to two servers in turn would cause one per connection. */
  readonly #lines = { changed: new Seldom(), readOnly: new Seldom() }

  constructor(private readonly logger: Logger) {}

  /** Options of a pool whose connections are watched, admitted, and set up for these settings, unless a pooler lends them. */
  poolOptions(settings: SessionSettings | null): PoolOptions {
    const start = settings === null ? null : sessionStarter(settings)
    const watch = (client: pg.Client): void => this.watch(client)
    class Client extends pg.Client {
      constructor(config?: string | pg.ClientConfig) {
        super(config)
        watch(this)
      }
    }
    const onConnect = async (client: pg.ClientBase): Promise<void> => {
      await this.admit(client)
      await start?.(client)
    }
    return { Client, onConnect }
  }

  /** To be called before the client connects, because a connection that never comes about is dropped, too. */
  watch(client: pg.Client): void {
    this.#clients.set(client, false)
    client.once('end', () => this.#clients.delete(client))
  }

  /**
   * Checks a new connection before its first use. Throws `ReadOnlyServer`. If it leads to another server than those
   * before, they are dropped.
   */
  async admit(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<ServerFacts>(askFacts)
    this.check(rows[0], client)
    if (this.#clients.has(client)) this.#clients.set(client, true)
  }

  /**
   * Compares what a server answered with the server of all connections. If it is another one, drops all connections that
   * were begun before `own`, because younger ones lead to the new one, too; if it has become read-only, drops all and
   * throws `ReadOnlyServer`.
   */
  check(facts: ServerFacts | undefined, own: pg.ClientBase | null = null): void {
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
    if (isFirst) return
    const all = [...this.#clients.keys()]
    const older = own === null ? all : all.slice(0, all.indexOf(own))
    this.#drop('changed', older)
  }

  /** Drops all connections, after the server refused to write. New ones are admitted once there is a writable server. */
  dropAll(): void {
    const admitted = [...this.#clients].filter(([, isAdmitted]) => isAdmitted).map(([client]) => client)
    this.#drop('readOnly', admitted)
  }

  #drop(why: keyof typeof reasons, clients: readonly pg.ClientBase[]): void {
    for (const client of clients) {
      this.#clients.delete(client)
      // Whoever waits for an answer there is told that the connection was terminated.
      if (client instanceof pg.Client) client.connection.stream.destroy()
    }
    const times = clients.length > 0 ? this.#lines[why].next() : null
    if (times !== null)
      this.logger.warn(
        { dropped: clients.length, times },
        `${reasons[why]}: all connections to the old one are dropped`,
      )
  }
}
