// The id of the request being served, for log lines and errors that are written where no call is at hand.
import { AsyncLocalStorage } from 'node:async_hooks'

/** Knows the id of the request that the running code serves. */
export class RequestScope {
  readonly #storage = new AsyncLocalStorage<string>()

  /** Runs `work` as part of the request. */
  run<T>(requestId: string, work: () => T): T {
    return this.#storage.run(requestId, work)
  }

  /** The request's id, or undefined outside of requests. */
  get requestId(): string | undefined {
    return this.#storage.getStore()
  }
}
