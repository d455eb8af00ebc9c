// A bounded cache of rows that other processes may change. Notifications invalidate it, and it is not used without
// them.
import { LRUCache } from 'lru-cache'
import type { Call } from './call.js'
import type { Notifications } from './notifications.js'

/** The options of a cache of rows of one table. */
export interface RowCacheOptions<T> {
  readonly table: string
  readonly notifications: Pick<Notifications, 'on' | 'trusted'>
  /** Limit of the memory for rows, in bytes. */
  readonly maxBytes: number
  /**
   * Limit of remembered keys without a row. Inserts are not notified, so it must be 0 if a key may be looked up before
   * its row is committed.
   */
  readonly maxMisses: number
  /**
   * Required if rows are looked up by another key than the id in notifications. One row may be cached under several
   * keys.
   */
  readonly idOf?: (row: T) => string
}

/** Memory of an entry in addition to its row, in bytes: key, lists of the cache, the object itself. */
const entryBytes = 512
/** Memory of each character of a row, in bytes. */
const characterBytes = 2

/** The size by the row's text, because most of a row is strings, whose length clients may choose. */
const sizeOf = (row: object): number => entryBytes + characterBytes * JSON.stringify(row).length

/** Caches the rows that `load` returns, by key. */
export class RowCache<T extends object> {
  readonly #rows: LRUCache<string, T>
  readonly #misses: LRUCache<string, true> | null
  readonly #loading = new Map<string, Promise<T | null>>()
  /** The keys under which a row is cached, by its id, if they differ from it. */
  readonly #keysOf = new Map<string, Set<string>>()

  constructor(private readonly options: RowCacheOptions<T>) {
    const { maxBytes, maxMisses, idOf } = options
    this.#rows = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: sizeOf,
      ...(idOf === undefined ? {} : { dispose: (row: T, key: string) => this.#unlist(idOf(row), key) }),
    })
    this.#misses = maxMisses === 0 ? null : new LRUCache({ max: maxMisses })
    options.notifications.on(options.table, (id) => this.forget(id))
  }

  /**
   * The row from the cache or from `load`; concurrent calls share one `load`. In a transaction `load` is always called
   * and its result not cached, because the transaction may be rolled back.
   */
  find(
    call: Pick<Call, 'isInTransaction'>,
    key: string,
    load: () => Promise<T | null>,
  ): Promise<T | null> | T | null {
    if (call.isInTransaction || !this.options.notifications.trusted) return load()
    const row = this.#rows.get(key)
    if (row !== undefined) return row
    if (this.#misses?.get(key) === true) return null
    return this.#loading.get(key) ?? this.#load(key, load)
  }

  /** Drops the cached row with this id or key, or all with `*`. A running `load` is still returned, but not cached. */
  forget(id: string): void {
    if (id === '*') {
      this.#rows.clear()
      this.#misses?.clear()
      this.#loading.clear()
      return
    }
    this.#rows.delete(id)
    this.#misses?.delete(id)
    this.#loading.delete(id)
    if (this.options.idOf === undefined) return
    for (const key of this.#keysOf.get(id) ?? []) this.#rows.delete(key)
    // Any running `load` may return that row.
    this.#loading.clear()
  }

  #load(key: string, load: () => Promise<T | null>): Promise<T | null> {
    const loading = load().then(
      (row) => {
        if (this.#loading.get(key) === loading) {
          this.#loading.delete(key)
          this.#keep(key, row)
        }
        return row
      },
      (error: unknown) => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key)
        throw error
      },
    )
    this.#loading.set(key, loading)
    return loading
  }

  #keep(key: string, row: T | null): void {
    if (row === null) {
      this.#misses?.set(key, true)
      return
    }
    this.#rows.set(key, row)
    const id = this.options.idOf?.(row) ?? key
    // A row that alone exceeds the limit is not cached.
    if (id === key || !this.#rows.has(key)) return
    this.#keysOf.set(id, (this.#keysOf.get(id) ?? new Set()).add(key))
  }

  #unlist(id: string, key: string): void {
    const keys = this.#keysOf.get(id)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOf.delete(id)
  }
}
