// A bounded cache of rows, invalidated by notifications, and not used while notifications may be missed.
import { LRUCache } from 'lru-cache'
import type { Notifications } from './notifications.js'

/** What a cache of rows of one table needs. */
export interface RowCacheOptions {
  readonly table: string
  readonly notifications: Notifications
}

/** Rows kept at most; one is about a kilobyte. */
const maxRows = 10_000

/** Caches what `load` found by id. A row that is not there is never cached. */
export class RowCache<T extends object> {
  readonly #rows = new LRUCache<string, T>({ max: maxRows })
  readonly #loading = new Map<string, Promise<T | null>>()

  constructor(private readonly options: RowCacheOptions) {
    options.notifications.on(options.table, (id) => this.forget(id))
  }

  /** The row from the cache, or from `load`, which runs once however many ask at the same time. */
  find(id: string, load: () => Promise<T | null>): Promise<T | null> | T {
    if (!this.options.notifications.trusted) return load()
    return this.#rows.get(id) ?? this.#loading.get(id) ?? this.#load(id, load)
  }

  /** Drops a row, or all with `*`; a load under way is still answered but no longer kept. */
  forget(id: string): void {
    if (id === '*') {
      this.#rows.clear()
      this.#loading.clear()
    }
    this.#rows.delete(id)
    this.#loading.delete(id)
  }

  #load(id: string, load: () => Promise<T | null>): Promise<T | null> {
    const loading = load().then(
      (row) => {
        if (this.#loading.get(id) === loading) {
          this.#loading.delete(id)
          if (row !== null) this.#rows.set(id, row)
        }
        return row
      },
      (error: unknown) => {
        if (this.#loading.get(id) === loading) this.#loading.delete(id)
        throw error
      },
    )
    this.#loading.set(id, loading)
    return loading
  }
}
