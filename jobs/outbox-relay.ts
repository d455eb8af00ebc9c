// The relay: hands what stands in the outbox to the queue, and looks after what the queue may have lost.
import type { Call } from '../src/database/call.js'
import type { Notifications } from '../src/database/notifications.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { JobQueue } from '../src/queue/job-queue.js'
import type { Logger } from '../src/runtime/logger.js'
import { relayOutbox } from './relay-outbox.js'
import { restoreJobs } from './restore-jobs.js'

/** What the relay works with. */
export interface OutboxRelayNeeds {
  readonly outbox: Outbox
  readonly queue: JobQueue
  readonly notifications: Notifications
  readonly logger: Logger
  readonly ownCall: () => Call
}

/** A notification can be missed while the listening connection is made anew; so it is looked without one, too. In milliseconds. */
const sweepMilliseconds = 2_000
/** How often it is looked for jobs that the queue has lost, in milliseconds. */
const restoreMilliseconds = 15_000
/** The same trouble is told once in so many milliseconds. */
const troubleMilliseconds = 10_000

/** Relays when it is woken, and every now and then. */
export class OutboxRelay {
  readonly #timers: NodeJS.Timeout[] = []
  #underWay: Promise<void> | null = null
  #again = false
  #restoring: Promise<void> = Promise.resolve()
  #isStopped = false
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(private readonly needs: OutboxRelayNeeds) {
    needs.notifications.on('outbox_entry', () => this.wake())
  }

  /** Starts to sweep. */
  start(): void {
    this.#timers.push(
      setInterval(() => this.wake(), sweepMilliseconds),
      setInterval(() => this.#restore(), restoreMilliseconds),
    )
    this.wake()
  }

  /** Relays now; while that is under way, once more afterwards. */
  wake(): void {
    if (this.#isStopped) return
    if (this.#underWay !== null) {
      this.#again = true
      return
    }
    this.#underWay = this.#relay().finally(() => {
      this.#underWay = null
      if (!this.#again) return
      this.#again = false
      this.wake()
    })
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#underWay
    await this.#restoring
  }

  async #relay(): Promise<void> {
    await relayOutbox(this.needs.ownCall(), this.needs).catch((error: unknown) => this.#tell(error))
  }

  #restore(): void {
    this.#restoring = this.#restoring.then(async () => {
      if (this.#isStopped) return
      await this.#restoreAll().catch((error: unknown) => this.#tell(error))
    })
  }

  /** A queue that lost jobs has lost many: their codes hold for minutes only. */
  async #restoreAll(): Promise<void> {
    while (!this.#isStopped && (await restoreJobs(this.needs.ownCall(), this.needs)) > 0);
  }

  #tell(error: unknown): void {
    const now = performance.now()
    if (this.#isStopped || now - this.#toldAt < troubleMilliseconds) return
    this.#toldAt = now
    this.needs.logger.warn({ err: error }, 'the outbox cannot be relayed just now; it is tried again')
  }
}
