// A bounded cache of rows that other processes may change: pushed invalidation, and no trust without it.
import { LRUCache } from 'lru-cache'
import type { Call } from './call.js'
import type { Notifications } from './notifications.js'

/** What a cache of rows of one table needs. */
export interface RowCacheOptions<T> {
  readonly table: string
  readonly notifications: Pick<Notifications, 'on' | 'trusted'>
  /** The memory that the rows may take, in bytes. */
  readonly maxBytes: number
  /**
   * How many keys without a row are remembered. Inserts are not notified, so 0 wherever somebody may look a key up
   * before its row is committed.
   */
  readonly maxMisses: number
  /**
   * Given where rows are looked up by another key than the id by which the schema's triggers name them. One row may be
   * kept under several keys.
   */
  readonly idOf?: (row: T) => string
}

/** What an entry takes beside its row, in bytes: key, lists of the cache, the object itself. */
const entryBytes = 512
/** Of each character that a row holds, in bytes. */
const characterBytes = 2

/** Measured by its text: a string is most of a row, and somebody else may have chosen it. */
const sizeOf = (row: object): number => entryBytes + characterBytes * JSON.stringify(row).length

/** Caches what `load` found by a key. */
export class RowCache<T extends object> {
  readonly #rows: LRUCache<string, T>
  readonly #misses: LRUCache<string, true> | null
  readonly #loading = new Map<string, Promise<T | null>>()
  /** The keys under which a row is kept, by its id, where those are others. */
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
   * The row from the cache, or from `load`, which runs once however many ask at the same time. Inside of a transaction
   * always from `load`, and not kept: it may yet be rolled back.
   */
  find(
    call: Pick<Call, 'isInTransaction'>,
    key: string,
    load: () => Promise<T | null>,
  ): Promise<T | null> | T | null {
    if (call.isInTransaction || !this.options.notifications.trusted) return load()
    if (this.#misses?.get(key) === true) return null
    return this.#rows.get(key) ?? this.#loading.get(key) ?? this.#load(key, load)
  }

  /** Drops what is kept of a row, by its id or a key, or all with `*`; a load under way is still answered but no longer kept. */
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
    // Any of them may be about to find that row.
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
    // Not kept at all where it alone is larger than the cache.
    if (id === key || !this.#rows.has(key)) return
    this.#keysOf.set(id, (this.#keysOf.get(id) ?? new Set()).add(key))
  }

  #unlist(id: string, key: string): void {
    const keys = this.#keysOf.get(id)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOf.delete(id)
  }
}
