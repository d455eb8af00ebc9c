// Errors of the queue's backend: told seldom, and a full Redis is given room.
import { outlineOf } from '../runtime/error-outline.js'
import type { Logger } from '../runtime/logger.js'
import { Seldom } from '../runtime/seldom.js'
import { inTime } from './answer-in-time.js'
import type { BullQueue } from './backend.js'

/** Done jobs that are forgotten at once when the memory of Redis is full. */
const mostForgotten = 1_000

/** What is done about errors of the backend of one queue. */
export class QueueTrouble {
  #isRelieving = false
  readonly #lines = new Seldom()

  constructor(
    private readonly queue: BullQueue,
    private readonly logger: Logger,
  ) {}

  /** Handles an error; an outage causes many per second. */
  tell(error: Error): void {
    this.#relieve(error)
    const errors = this.#lines.next()
    if (errors !== null)
      this.logger.warn(
        { err: error, errors },
        'the queue has trouble; nothing is lost, it goes on when it can',
      )
  }

  /**
   * A full Redis refuses to hand out jobs, so those that are done are forgotten first. One that is not noted as done in
   * the outbox is done twice, which every job allows.
   */
  #relieve(error: Error): void {
    if (outlineOf(error).code !== 'OOM' || this.#isRelieving) return
    this.#isRelieving = true
    inTime(this.queue.clean(0, mostForgotten, 'completed'))
      .catch((failure: unknown) => this.logger.debug({ err: failure }, 'done jobs are kept'))
      .finally(() => {
        this.#isRelieving = false
      })
  }
}
