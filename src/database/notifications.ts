// Receives changes of other processes (LISTEN/NOTIFY), and knows whether it can have missed any.
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { withTimeLimit } from '../runtime/time-limit.js'
import { readAddress } from './address.js'
import { runPrepared } from './connection.js'
import type { Database } from './database.js'
import { endClient } from './end-client.js'
import { lookOut } from './look-out.js'
import { type ServerFacts, serverFacts } from './same-server.js'

/** The channel on which the triggers of the schema notify `<table>:<id>`. */
const channel = 'idem'
/**
 * Time between two checks of the connection. Two fit into the second within which a revocation takes effect everywhere.
 */
const beatMilliseconds = 400
/** Without an answer for this long, cached rows are not used. */
const trustMilliseconds = 900

/** Without the proof after this long, the connection counts as lost. */
const proofMilliseconds = 2_000

/** Time between two looks where new connections lead, because open ones may stay at an old primary that still works. */
const lookOutMilliseconds = 5_000

/** A notification of one's own. It needs a server that can be written to, and leaves nothing in any table. */
const beat = { name: 'idem_beat', text: `select pg_notify($1, $2), ${serverFacts}` }

/** A name that no other connection has, to any server. */
const ownName = `select 'beat_' || pg_backend_pid() || '_'
  || (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint as name`

/** Called with the id of a changed row. */
export type ChangeListener = (id: string) => void

/** A listening connection that reconnects automatically. */
export class Notifications {
  readonly #listeners = new Map<string, Set<ChangeListener>>()
  /** The listening connection. */
  #client: pg.Client | null = null
  /** A connection that is being made. */
  #connecting: pg.Client | null = null
  #timers: readonly NodeJS.Timeout[] = []
  #heardAt = Number.NEGATIVE_INFINITY
  #onLost: () => Promise<void> = async () => undefined
  #busy = false
  /** The channel of this connection's own notifications. */
  #ownChannel = ''
  #sent = 0
  /** The number of the last own notification that was received. */
  #received = 0
  readonly #stop = new AbortController()
  #isLossTold = false

  constructor(
    private readonly url: string,
    private readonly database: Pick<Database, 'sameServer' | 'runIfFree'>,
    private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Calls `listener` with the id of every changed row of `table`, or with `*` if any may have changed, until `signal`
   * aborts.
   */
  on(table: string, listener: ChangeListener, signal?: AbortSignal): void {
    if (signal?.aborted) return
    const listeners = this.#listeners.get(table) ?? new Set()
    this.#listeners.set(table, listeners.add(listener))
    signal?.addEventListener('abort', () => listeners.delete(listener), { once: true })
  }

  /** The number of listeners for `table`. */
  listenerCount(table: string): number {
    return this.#listeners.get(table)?.size ?? 0
  }

  /** Calls `recover` after a lost connection or a failed attempt, before the next one. */
  whenLost(recover: () => Promise<void>): void {
    this.#onLost = recover
  }

  /** True while every change that was committed more than 0.9 s ago has certainly been received. */
  get trusted(): boolean {
    return performance.now() - this.#heardAt < trustMilliseconds
  }

  /** Connects and stays connected. Further calls by other roles of the process have no effect. */
  async start(): Promise<void> {
    await this.#beat()
    if (this.#stopped || this.#timers.length > 0) return
    this.#timers = [
      setInterval(() => void this.#beat(), beatMilliseconds),
      setInterval(
        () => void lookOut(this.url, this.database.sameServer, this.#stop.signal),
        lookOutMilliseconds,
      ),
    ]
  }

  /** Closes the connection, within a second even if the server does not answer. */
  async stop(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearInterval(timer)
    // Destroyed instead of ended, because in pg a `connect` that is ended meanwhile never settles.
    this.#connecting?.connection.stream.destroy(new Error('stopped while connecting'))
    if (this.#client !== null) await endClient(this.#client)
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }

  /**
   * Proves that the connection hears what is written, or tries to reconnect. Notifications before the proof have been
   * handled when it succeeds.
   */
  async #beat(): Promise<void> {
    if (this.#busy || this.#stopped) return
    this.#busy = true
    const sentAt = performance.now()
    let client = this.#client
    try {
      client ??= await this.#connect()
      await withTimeLimit(this.#prove(client), proofMilliseconds, () => {
        throw new Error('the database does not answer')
      })
      this.#heardAt = sentAt
      this.#isLossTold = false
      this.metrics.databaseUp.set(1)
    } catch (error) {
      await this.#lose(client, error)
    } finally {
      this.#busy = false
    }
  }

  /**
   * Throws unless what is written through the pool is heard on this connection, so that both are on one server. While
   * requests need the whole pool, the connection writes itself: each connection of the pool was compared with it when it
   * was made.
   */
  async #prove(client: pg.Client): Promise<void> {
    this.#sent += 1
    const values = [this.#ownChannel, String(this.#sent)]
    const rows =
      (await this.database.runIfFree<ServerFacts>(beat, values)) ??
      (await runPrepared<ServerFacts>({ client, session: 'kept' }, beat, values))
    this.database.sameServer.check(rows[0])
    // PostgreSQL sends notifications of committed transactions before it ends the answer to a later statement.
    await client.query('select 1')
    if (this.#received !== this.#sent) throw new Error('what is written to the database is not heard')
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      application_name: 'idem listener',
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
      keepAlive: true,
      ...readAddress(this.url),
    })
    // While it connects, errors are reported by `connect` and `listen`.
    client.on('error', (error) => void (client === this.#client && this.#lose(client, error)))
    client.on('notification', ({ channel: at, payload = '' }) => {
      if (at === channel) this.#dispatch(payload)
      else this.#received = Number(payload)
    })
    this.database.sameServer.watch(client)
    this.#connecting = client
    try {
      await client.connect()
      await this.database.sameServer.admit(client)
      const { rows } = await client.query<{ name: string }>(ownName)
      this.#ownChannel = `${channel}_${rows[0]?.name}`
      await client.query(`listen ${channel}; listen ${this.#ownChannel}`)
      if (this.#stopped) throw new Error('stopped while connecting')
    } catch (error) {
      await endClient(client)
      throw error
    } finally {
      this.#connecting = null
    }
    this.#client = client
    // Changes while nothing listened are unknown, so every row may have changed.
    for (const table of this.#listeners.keys()) this.#dispatch(`${table}:*`)
    return client
  }

  /** `lost` is the connection that failed; null if none could be made. */
  async #lose(lost: pg.Client | null, error: unknown): Promise<void> {
    // Handled already: both the error event and the failed statement report a loss.
    if (lost !== this.#client) return
    this.#client = null
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.metrics.databaseUp.set(0)
    if (lost !== null) void endClient(lost)
    if (this.#stopped) return
    // Once, because a listener that never hears the pool is lost at every beat.
    if (lost !== null && !this.#isLossTold) {
      this.#isLossTold = true
      this.logger.warn({ err: error }, 'the database connection that hears of changes was lost')
    }
    await this.#onLost().catch((problem) =>
      this.logger.error({ err: problem }, 'the database cannot be recovered'),
    )
  }

  #dispatch(payload: string): void {
    const [table = '', id = ''] = payload.split(':')
    for (const listener of this.#listeners.get(table) ?? []) listener(id)
  }
}
