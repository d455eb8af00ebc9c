// The sweep of webhooks: asks for the sending of what has become due, and of what a process that died has left.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { Logger } from '../src/runtime/logger.js'
import type { Random } from '../src/runtime/random.js'
import { Seldom } from '../src/runtime/seldom.js'
import type { WebhookEndpoints } from '../src/webhooks/webhook-endpoints.js'

/** What the sweep works with. */
export interface WebhookSweepNeeds {
  readonly webhookEndpoints: WebhookEndpoints
  readonly outbox: Outbox
  readonly random: Random
  readonly logger: Logger
  readonly ownCall: () => Call
}

/** Time between two sweeps of a process, in milliseconds: the shortest wait of the schedule is 5 s. */
const sweepMilliseconds = 1_000
/** An endpoint is not asked for twice within this time, in milliseconds, however many processes sweep. */
const wokenMilliseconds = 2_000

/** Sweeps at intervals until it is stopped. */
export class WebhookSweep {
  #timer: NodeJS.Timeout | null = null
  #underWay: Promise<void> | null = null
  readonly #lines = new Seldom()

  constructor(private readonly needs: WebhookSweepNeeds) {}

  /** Starts. */
  start(): void {
    this.#timer ??= setInterval(() => this.#sweep(), sweepMilliseconds)
  }

  /** Stops, and waits for a running sweep. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#underWay
  }

  #sweep(): void {
    // Without endpoints there is nothing to ask the database.
    if (this.#underWay !== null || !this.needs.webhookEndpoints.isAnyEnabled) return
    this.#underWay = this.#wakeDue()
      .catch((error: unknown) => {
        if (this.#lines.next() === null) return
        this.needs.logger.warn(
          { err: error },
          'due webhooks cannot be looked for just now; it is tried again',
        )
      })
      .finally(() => {
        this.#underWay = null
      })
  }

  async #wakeDue(): Promise<void> {
    const { webhookEndpoints, outbox, random, ownCall } = this.needs
    await ownCall().inTransaction(async (call) => {
      const due = await webhookEndpoints.wakeDue(call, new Date(call.now.getTime() - wokenMilliseconds))
      const rows = due.map((endpointId) =>
        outbox.row(call, random.uuid(), { name: 'send-webhooks', payload: { endpointId } }),
      )
      await call.write(...rows)
    })
  }
}
