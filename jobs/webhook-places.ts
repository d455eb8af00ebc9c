// The places of webhook requests in one process: few for each endpoint, so that one that hangs does not take all.

/** Requests to one endpoint at the same time. */
const mostPerEndpoint = 2

/** The places of a process. */
export class WebhookPlaces {
  readonly #taken = new Map<string, number>()
  #all = 0
  #isClosed = false

  /** `most` requests at the same time. */
  constructor(private readonly most: number) {}

  /** Takes a place; false if the endpoint, or the process, has no more. */
  take(endpointId: string): boolean {
    const taken = this.#taken.get(endpointId) ?? 0
    if (this.#isClosed || taken >= mostPerEndpoint || this.#all >= this.most) return false
    this.#taken.set(endpointId, taken + 1)
    this.#all += 1
    return true
  }

  /** Gives a place back. */
  leave(endpointId: string): void {
    const taken = (this.#taken.get(endpointId) ?? 0) - 1
    if (taken > 0) this.#taken.set(endpointId, taken)
    else this.#taken.delete(endpointId)
    this.#all -= 1
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
