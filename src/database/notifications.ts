// Listens for what other processes changed (LISTEN/NOTIFY), and knows whether it would have heard.
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'

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
  readonly #listeners = new Map<string, ChangeListener[]>()
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #heardAt = Number.NEGATIVE_INFINITY
  #onLost: () => Promise<void> = async () => undefined
  #busy = false
  #stopped = false

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  /** Calls `listener` with the id of every changed row of `table`. */
  on(table: string, listener: ChangeListener): void {
    this.#listeners.set(table, [...(this.#listeners.get(table) ?? []), listener])
  }

  /** Calls `recover` when the connection cannot be made, before the next try. */
  whenLost(recover: () => Promise<void>): void {
    this.#onLost = recover
  }

  /** True while every change committed up to 0.9 s ago is sure to have been heard. */
  get trusted(): boolean {
    return performance.now() - this.#heardAt < trustMilliseconds
  }

  /** Connects, and keeps connected. */
  async start(): Promise<void> {
    await this.#beat()
    this.#timer = setInterval(() => void this.#beat(), beatMilliseconds)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#client?.end().catch(() => undefined)
  }

  /** One sign of life, or one try to connect again. What was notified before the answer has been handled by then. */
  async #beat(): Promise<void> {
    if (this.#busy || this.#stopped) return
    this.#busy = true
    const sentAt = performance.now()
    try {
      if (this.#client === null) await this.#connect()
      else await this.#client.query('select 1')
      this.#heardAt = sentAt
    } catch (error) {
      await this.#lose(error)
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
    client.on('error', (error) => void this.#lose(error))
    client.on('notification', (message) => this.#dispatch(message.payload ?? ''))
    await client.connect()
    await client.query(`listen ${channel}`)
    this.#client = client
    // Whatever changed while nobody listened is unknown, so everything may have.
    for (const table of this.#listeners.keys()) this.#dispatch(`${table}:*`)
  }

  async #lose(error: unknown): Promise<void> {
    const lost = this.#client
    this.#client = null
    this.#heardAt = Number.NEGATIVE_INFINITY
    if (this.#stopped) return
    if (lost !== null)
      this.logger.warn({ err: error }, 'the database connection that hears of changes was lost')
    await lost?.end().catch(() => undefined)
    await this.#onLost().catch((problem) =>
      this.logger.error({ err: problem }, 'the database cannot be recovered'),
    )
  }

  #dispatch(payload: string): void {
    const [table = '', id = ''] = payload.split(':')
    for (const listener of this.#listeners.get(table) ?? []) listener(id)
  }
}
