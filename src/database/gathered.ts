// Gathers what many ask of the database while a statement is under way, and asks for it together with the next one.

interface Waiting<Item, Result> {
  readonly item: Item
  readonly settle: PromiseWithResolvers<Result>
}

/** One statement for many callers: at most one is under way, so the busier it is, the more share the next. */
export class Gathered<Item, Result> {
  #waiting: Waiting<Item, Result>[] = []
  #underWay = false

  /** `send` answers each item in its place; when it throws, everybody who shared it gets that error. */
  constructor(private readonly send: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /** Sends the item with the next statement; resolves with its answer. */
  async add(item: Item): Promise<Result> {
    const settle = Promise.withResolvers<Result>()
    this.#waiting.push({ item, settle })
    if (!this.#underWay) void this.#drain()
    return await settle.promise
  }

  /** Sends what waits, again and again until nothing does. */
  async #drain(): Promise<void> {
    this.#underWay = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const results = await this.send(batch.map(({ item }) => item))
        // `send` answers each item in its place.
        for (const [place, { settle }] of batch.entries()) settle.resolve(results[place] as Result)
      } catch (error) {
        for (const { settle } of batch) settle.reject(error)
      }
    }
    this.#underWay = false
  }
}
