// Listens for what other processes changed (LISTEN/NOTIFY), and knows whether it would have heard.
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { endClient } from './end-client.js'

/** The one channel; the triggers of the schema notify `<table>:<id>` on it. */
const channel = 'idem'
/** Two beats fit into the second within which a revocation must be known everywhere. */
const beatMilliseconds = 400
/** Without a sign of life for this long, nothing cached may be trusted. */
const trustMilliseconds = 900

/** Called with the id of a changed row. */
export type ChangeListener = (id: string) => void

/** One connection that listens; it reconnects by itself. */
export class Notifications {
  readonly #listeners = new Map<string, Set<ChangeListener>>()
  /** The connection that listens. */
  #client: pg.Client | null = null
  /** The one that is to listen next. */
  #connecting: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #heardAt = Number.NEGATIVE_INFINITY
  #onLost: () => Promise<void> = async () => undefined
  #busy = false
  #stopped = false

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {}

  /** Calls `listener` with the id of every changed row of `table`: for as long as we listen, or until `signal` aborts. */
  on(table: string, listener: ChangeListener, signal?: AbortSignal): void {
    if (signal?.aborted) return
    const listeners = this.#listeners.get(table) ?? new Set()
    this.#listeners.set(table, listeners.add(listener))
    signal?.addEventListener('abort', () => listeners.delete(listener), { once: true })
  }

  /** How many listen for changes of `table`. */
  listenerCount(table: string): number {
    return this.#listeners.get(table)?.size ?? 0
  }

  /** Calls `recover` when the connection cannot be made, before the next try. */
  whenLost(recover: () => Promise<void>): void {
    this.#onLost = recover
  }

  /** True while every change committed up to 0.9 s ago is sure to have been heard. */
  get trusted(): boolean {
    return performance.now() - this.#heardAt < trustMilliseconds
  }

  /** Connects, and keeps connected. Started once, however many roles of the process ask. */
  async start(): Promise<void> {
    await this.#beat()
    if (this.#stopped || this.#timer !== null) return
    this.#timer = setInterval(() => void this.#beat(), beatMilliseconds)
  }

  /** Ends the connection, within a second also when the server does not answer. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    // Torn down rather than ended: pg would never settle a `connect` that is ended meanwhile.
    this.#connecting?.connection.stream.destroy(new Error('stopped while connecting'))
    if (this.#client !== null) await endClient(this.#client)
  }

  /** One sign of life, or one try to connect again. What was notified before the answer has been handled by then. */
  async #beat(): Promise<void> {
    if (this.#busy || this.#stopped) return
    this.#busy = true
    const sentAt = performance.now()
    const client = this.#client
    try {
      if (client === null) await this.#connect()
      else await client.query('select 1')
      this.#heardAt = sentAt
      this.metrics.databaseUp.set(1)
    } catch (error) {
      await this.#lose(client, error)
    } finally {
      this.#busy = false
    }
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'idem listener',
      connectionTimeoutMillis: 3_000,
      query_timeout: 2_000,
      keepAlive: true,
    })
    // While it connects, its errors are those of `connect` and of `listen`.
    client.on('error', (error) => void (client === this.#client && this.#lose(client, error)))
    client.on('notification', (message) => this.#dispatch(message.payload ?? ''))
    this.#connecting = client
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
      if (this.#stopped) throw new Error('stopped while connecting')
    } catch (error) {
      await endClient(client)
      throw error
    } finally {
      this.#connecting = null
    }
    this.#client = client
    // Whatever changed while nobody listened is unknown, so everything may have.
    for (const table of this.#listeners.keys()) this.#dispatch(`${table}:*`)
  }

  /** `lost` is the connection that failed, or null when none could be made. */
  async #lose(lost: pg.Client | null, error: unknown): Promise<void> {
    // Lost already: its error event and its failed statement both tell.
    if (lost !== this.#client) return
    this.#client = null
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.metrics.databaseUp.set(0)
    if (lost !== null) await endClient(lost)
    if (this.#stopped) return
    if (lost !== null)
      this.logger.warn({ err: error }, 'the database connection that hears of changes was lost')
    await this.#onLost().catch((problem) =>
      this.logger.error({ err: problem }, 'the database cannot be recovered'),
    )
  }

  #dispatch(payload: string): void {
    const [table = '', id = ''] = payload.split(':')
    for (const listener of this.#listeners.get(table) ?? []) listener(id)
  }
}
