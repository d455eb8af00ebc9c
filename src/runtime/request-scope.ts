// The id of the request being served, for log lines and errors of code that has no `Call`.
import { AsyncLocalStorage } from 'node:async_hooks'

/** Stores the request's id for all code that runs, synchronously or not, to serve it. */
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
