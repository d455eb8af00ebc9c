// The throttle: counts attempts for a subject and for a network, and refuses too many. Holds across processes.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { throttleSettings } from './settings.js'

/** What is counted. */
export type AttemptKind = 'signIn' | 'setHandle' | 'checkHandle'

/** How many attempts a window: of one subject from one network, and of one network in all. */
interface Limits {
  readonly perSubject: number
  readonly perSource: number
}

/** One counter of an attempt. */
interface Counted {
  readonly key: string
  readonly limit: number
}

/** Adds one to each counter, or starts its window anew; sorted, so that two attempts cannot wait for each other. */
const countAttempts = {
  name: 'idem_throttle_count',
  text: `insert into throttle_counter as c (key, count, expires_at)
    select key, 1, $2::timestamptz from unnest($1::text[]) as key order by key
    on conflict (key) do update set
      count = case when c.expires_at <= $3::timestamptz then 1 else c.count + 1 end,
      expires_at = case when c.expires_at <= $3::timestamptz then excluded.expires_at else c.expires_at end
    returning key, count, expires_at as "expiresAt"`,
}

/** Refused keys remembered at most, so that a flood does not reach the database. */
const maxRefused = 10_000

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** Counts attempts in the database, each in a transaction of its own: a refusal later on does not undo the count. */
export class Throttle {
  readonly #limits: Readonly<Record<AttemptKind, Limits>>
  /** Until when a key is refused, in epoch milliseconds. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: maxRefused })

  constructor(private readonly settings: ValuesOf<typeof throttleSettings>) {
    this.#limits = {
      signIn: { perSubject: settings.signInPerSubject, perSource: settings.signInPerSource },
      setHandle: { perSubject: settings.handlePerSubject, perSource: settings.handlePerSource },
      checkHandle: { perSubject: settings.handlePerSource, perSource: settings.handlePerSource },
    }
  }

  /** Counts one attempt on `subject` (null: nobody in particular) by the call's network. Throws `RATE_LIMITED`. */
  async count(call: Call, kind: AttemptKind, subject: string | null): Promise<void> {
    const limits = this.#limits[kind]
    const source = { key: keyOf(kind, call.source.network), limit: limits.perSource }
    const counted: Counted[] =
      subject === null
        ? [source]
        : [source, { key: keyOf(kind, call.source.network, subject), limit: limits.perSubject }]
    for (const { key } of counted) this.#refuseUntil(this.#refusedUntil.get(key) ?? 0, call.now)
    const rows = await call.run<{ key: string; count: number; expiresAt: Date }>(countAttempts, [
      counted.map(({ key }) => key),
      new Date(call.now.getTime() + this.settings.windowSeconds * 1000).toISOString(),
      call.now.toISOString(),
    ])
    for (const { key, limit } of counted) {
      const row = rows.find((candidate) => candidate.key === key)
      if (row === undefined || row.count <= limit) continue
      this.#refusedUntil.set(key, row.expiresAt.getTime())
      this.#refuseUntil(row.expiresAt.getTime(), call.now)
    }
  }

  #refuseUntil(milliseconds: number, now: Date): void {
    const seconds = Math.ceil((milliseconds - now.getTime()) / 1000)
    if (seconds > 0) throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: seconds })
  }
}
