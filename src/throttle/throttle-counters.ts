// The store of throttle counters; attempts that arrive while a statement runs share the next one.
import type { Call } from '../database/call.js'
import { Gathered } from '../database/gathered.js'

/** The number of attempts in the window, this one included, and the end of the window. */
export interface Count {
  readonly count: number
  readonly expiresAt: Date
}

/** Adds to each counter or starts a new window. Keys are sorted, so that two statements cannot deadlock. */
const addAttempts = {
  name: 'idem_throttle_add',
  text: `insert into throttle_counter as c (key, count, expires_at)
    select key, added, $3::timestamptz from unnest($1::text[], $2::int[]) as attempt (key, added) order by key
    on conflict (key) do update set
      count = case when c.expires_at <= $4::timestamptz then excluded.count else c.count + excluded.count end,
      expires_at = case when c.expires_at <= $4::timestamptz then excluded.expires_at else c.expires_at end
    returning key, count, expires_at as "expiresAt"`,
}

const purge = {
  name: 'idem_throttle_purge',
  text: `delete from throttle_counter where key in (
      select key from throttle_counter where expires_at < $1::timestamptz limit $2 for update skip locked)
    returning key`,
}

interface Attempt {
  readonly call: Call
  readonly keys: readonly string[]
}

/** The counters by key. Each statement is its own transaction, so that a later refusal does not undo the count. */
export class ThrottleCounters {
  /** One statement runs at a time, so that a frequent key does not cause a queue of locks in the database. */
  readonly #attempts = new Gathered((batch: readonly Attempt[]) => this.#send(batch))

  constructor(private readonly windowSeconds: number) {}

  /** Adds one to each key and returns the counts. */
  async add(call: Call, keys: readonly string[]): Promise<ReadonlyMap<string, Count>> {
    return await this.#attempts.add({ call, keys })
  }

  /** Deletes at most `limit` counters whose window ended before `before`; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return (await call.run(purge, [before, limit])).length
  }

  async #send(batch: readonly Attempt[]): Promise<ReadonlyMap<string, Count>[]> {
    // The time of the newest attempt.
    const { call } = batch.at(-1) as Attempt
    const added = new Map<string, number>()
    for (const key of batch.flatMap(({ keys }) => keys)) added.set(key, (added.get(key) ?? 0) + 1)
    const windowEnd = new Date(call.now.getTime() + this.windowSeconds * 1000)
    const rows = await call.run<Count & { readonly key: string }>(addAttempts, [
      [...added.keys()],
      [...added.values()],
      windowEnd,
      call.now,
    ])
    const before = new Map(
      rows.map(({ key, count, expiresAt }) => [key, { count: count - (added.get(key) ?? 0), expiresAt }]),
    )
    return batch.map(({ keys }) => this.#deal(keys, before))
  }

  /** Each attempt of the batch gets the count at its own position in the batch. */
  #deal(keys: readonly string[], before: Map<string, Count>): ReadonlyMap<string, Count> {
    for (const key of keys) {
      const { count, expiresAt } = before.get(key) as Count
      before.set(key, { count: count + 1, expiresAt })
    }
    return new Map(keys.map((key) => [key, before.get(key) as Count]))
  }
}
