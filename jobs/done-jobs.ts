// Reports done jobs to the outbox, several in one statement, and repeats that while the database cannot be reached.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { Logger } from '../src/runtime/logger.js'

/** What `DoneJobs` works with. */
export interface DoneJobsNeeds {
  readonly outbox: Outbox
  readonly logger: Logger
  readonly ownCall: () => Call
}

/** How long reports are collected, in milliseconds. */
const gatherMilliseconds = 50
/** Wait after a report that failed, in milliseconds. */
const retryMilliseconds = 500

/** Collects ids and reports them. Those that a killed process had collected are found by `restoreJobs`. */
export class DoneJobs {
  #ids: string[] = []
  #timer: NodeJS.Timeout | null = null
  #reporting: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(private readonly needs: DoneJobsNeeds) {}

  /** Adds a done job. */
  add(id: string): void {
    this.#ids.push(id)
    this.#timer ??= setTimeout(() => this.#report(), gatherMilliseconds)
  }

  /** Reports what was collected, once, at the end. */
  async flush(): Promise<void> {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#report()
    await this.#reporting
  }

  #report(): void {
    this.#timer = null
    const ids = this.#ids
    this.#ids = []
    if (ids.length > 0) this.#reporting = this.#reporting.then(async () => await this.#note(ids))
  }

  async #note(ids: string[]): Promise<void> {
    try {
      await this.needs.outbox.noteDone(this.needs.ownCall(), ids)
    } catch (error) {
      this.needs.logger.debug({ err: error }, 'done jobs cannot be noted just now; it is tried again')
      this.#ids.push(...ids)
      if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#report(), retryMilliseconds)
    }
  }
}
