// A running batch of jobs: counts the done ones and measures the time.
import { noShares, watchCpu } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'
import type { JobsOrder } from './order.js'

/** Without progress for this long, the batch fails, because the queue has lost jobs. In milliseconds. */
const patienceMilliseconds = 120_000

/** Measures the time from `start` until the ordered number of jobs were `done`. */
export class Batch {
  readonly #finished = Promise.withResolvers<number>()
  #done = 0
  #startedAt = 0
  #cpuShares: ReturnType<typeof watchCpu> | null = null

  constructor(private readonly order: JobsOrder) {}

  /** Called right before the first job is added. */
  start(): void {
    this.#cpuShares = watchCpu(this.order.watched)
    this.#startedAt = performance.now()
  }

  /** Called for each done job. */
  done(): void {
    this.#done += 1
    if (this.#done === this.order.jobs) this.#finished.resolve(performance.now())
  }

  /** The result, once all jobs are done. Throws if the batch makes no progress. */
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
