// A batch of jobs while it is being done: how many are, and how long it took.
import { noShares, watchCpu } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'
import type { JobsOrder } from './order.js'

/** A queue that does nothing for so long has lost something, in milliseconds. */
const patienceMilliseconds = 120_000

/** Measures from `start` until as many were `done` as the order says. */
export class Batch {
  readonly #finished = Promise.withResolvers<number>()
  #done = 0
  #startedAt = 0
  #cpuShares: ReturnType<typeof watchCpu> | null = null

  constructor(private readonly order: JobsOrder) {}

  /** The first job is about to be handed over. */
  start(): void {
    this.#cpuShares = watchCpu(this.order.watched)
    this.#startedAt = performance.now()
  }

  /** One more is done. */
  done(): void {
    this.#done += 1
    if (this.#done === this.order.jobs) this.#finished.resolve(performance.now())
  }

  /** What the batch gave, once it is done. Throws when it does not get on. */
  async measurement(): Promise<Measurement> {
    const late = (): void =>
      this.#finished.reject(new Error(`only ${this.#done} of ${this.order.jobs} jobs were done`))
    const timer = setTimeout(late, patienceMilliseconds)
    try {
      const endedAt = await this.#finished.promise
      return {
        operations: this.order.jobs,
        perSecond: (this.order.jobs * 1000) / (endedAt - this.#startedAt),
        p50Milliseconds: null,
        p95Milliseconds: null,
        p99Milliseconds: null,
        statementsEach: null,
        cpu: this.#cpuShares?.() ?? noShares,
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
