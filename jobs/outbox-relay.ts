// The relay: adds waiting jobs of the outbox to the queue, and restores jobs that the queue has lost.
import type { Call } from '../src/database/call.js'
import type { Notifications } from '../src/database/notifications.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { JobQueue } from '../src/queue/job-queue.js'
import type { Logger } from '../src/runtime/logger.js'
import { Seldom } from '../src/runtime/seldom.js'
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

/**
 * Time between two relays without a notification, in milliseconds: one can be missed while the connection is renewed.
 */
const sweepMilliseconds = 2_000
/** Time between two searches for jobs that the queue has lost, in milliseconds. */
const restoreMilliseconds = 15_000

/** Relays after each notification and at intervals. */
export class OutboxRelay {
  readonly #timers: NodeJS.Timeout[] = []
  #underWay: Promise<void> | null = null
  #again = false
  /** True while jobs stay in the outbox because the queue has no room for them. */
  #isHeldBack = false
  #restoring: Promise<void> = Promise.resolve()
  #isStopped = false
  readonly #lines = new Seldom()

  constructor(private readonly needs: OutboxRelayNeeds) {
    needs.notifications.on('outbox_entry', () => this.wake())
  }

  /** Starts the intervals, and does both at once: the one before may have died with jobs under way. */
  start(): void {
    this.#timers.push(
      setInterval(() => this.wake(), sweepMilliseconds),
      setInterval(() => this.#restore(), restoreMilliseconds),
    )
    this.wake()
    this.#restore()
  }

  /** Relays now; if a relay is running, once more after it. */
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

  /** Relays now what there was no room for. */
  refill(): void {
    if (this.#isHeldBack) this.wake()
  }

  /** Stops, and waits for running work. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#underWay
    await this.#restoring
  }

  async #relay(): Promise<void> {
    await relayOutbox(this.needs.ownCall(), this.needs).then(
      (isAll) => {
        this.#isHeldBack = !isAll
      },
      (error: unknown) => this.#tell(error),
    )
  }

  #restore(): void {
    this.#restoring = this.#restoring.then(async () => {
      if (this.#isStopped) return
      await this.#restoreAll().catch((error: unknown) => this.#tell(error))
    })
  }

  /** Repeats at once while lost jobs are found, because there may be many, and emailed codes expire within minutes. */
  async #restoreAll(): Promise<void> {
    while (!this.#isStopped && (await restoreJobs(this.needs.ownCall(), this.needs)) > 0);
  }

  #tell(error: unknown): void {
    if (this.#isStopped || this.#lines.next() === null) return
    this.needs.logger.warn({ err: error }, 'the outbox cannot be relayed just now; it is tried again')
  }
}
