// The places of webhook requests in one process: few for each endpoint, so that one that hangs does not take all.

/** Requests to one endpoint at the same time. */
const mostPerEndpoint = 2

/** The places of a process, and the endpoints that wait for one. */
export class WebhookPlaces {
  readonly #taken = new Map<string, number>()
  #all = 0
  /** In the order in which they came, each once; not more than there are endpoints. */
  readonly #waiting = new Set<string>()
  #isClosed = false

  /** `most` requests at the same time. */
  constructor(private readonly most: number) {}

  /** Takes a place; false if the endpoint has no more, or the process, for whose next free place it then waits. */
  take(endpointId: string): boolean {
    const taken = this.#taken.get(endpointId) ?? 0
    if (this.#isClosed || taken >= mostPerEndpoint) return false
    if (this.#all >= this.most) {
      // Who has one of its places looks for all that is due.
      if (taken === 0) this.#waiting.add(endpointId)
      return false
    }
    this.#waiting.delete(endpointId)
    this.#taken.set(endpointId, taken + 1)
    this.#all += 1
    return true
  }

  /** Gives a place back, and takes it for the endpoint that has waited longest: its id, or null if none waits. */
  pass(endpointId: string): string | null {
    const taken = (this.#taken.get(endpointId) ?? 0) - 1
    if (taken > 0) this.#taken.set(endpointId, taken)
    else this.#taken.delete(endpointId)
    this.#all -= 1
    const [next] = this.#waiting
    return next !== undefined && this.take(next) ? next : null
  }

  /** True once no new request is to begin, because the process ends. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** From now on no new request begins. */
  close(): void {
    this.#isClosed = true
  }
}
