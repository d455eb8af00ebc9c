// Collects the items of concurrent callers while a statement runs, and sends them together with the next statement.
import { setTimeout as sleep } from 'node:timers/promises'

/** A pause for jobs, which can wait for a moment where requests cannot, in milliseconds. */
export const jobPauseMilliseconds = 20

interface Waiting<Item, Result> {
  readonly item: Item
  readonly settle: PromiseWithResolvers<Result>
}

/** One statement for many callers. At most one runs at a time, so under load more callers share the next one. */
export class Gathered<Item, Result> {
  #waiting: Waiting<Item, Result>[] = []
  #underWay = false

  /**
   * `send` returns a result for each item, in order; if it throws, all callers of that statement get the error. After a
   * statement there is a pause, so that under load even more callers share the next one; the first one never waits.
   */
  constructor(
    private readonly send: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly pauseMilliseconds = 0,
  ) {}

  /** Sends the item with the next statement; resolves with its result. */
  async add(item: Item): Promise<Result> {
    const settle = Promise.withResolvers<Result>()
    this.#waiting.push({ item, settle })
    if (!this.#underWay) void this.#drain()
    return await settle.promise
  }

  /** Sends waiting items until there are none. */
  async #drain(): Promise<void> {
    this.#underWay = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const results = await this.send(batch.map(({ item }) => item))
        // `send` returns as many results as there are items.
        for (const [place, { settle }] of batch.entries()) settle.resolve(results[place] as Result)
      } catch (error) {
        for (const { settle } of batch) settle.reject(error)
      }
      if (this.pauseMilliseconds > 0) await sleep(this.pauseMilliseconds)
    }
    this.#underWay = false
  }
}
