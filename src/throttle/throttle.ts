// The throttle: counts attempts for a subject and for a network, and refuses too many. Holds across processes.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../authorization/principal.js'
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { throttleSettings } from './settings.js'
import { ThrottleCounters } from './throttle-counters.js'

/** What is counted. */
export type AttemptKind = 'signIn' | 'setHandle' | 'checkHandle'

/** How many attempts a window: of one subject from one network, and of one network in all. */
interface Limits {
  readonly perSubject: number
  readonly perSource: number
}

/** Refused keys remembered at most, so that a flood does not reach the database. */
const maxRefused = 10_000

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** What a caller holds of an account, of which it may have several; null for nothing. */
const bearerIdOf = (principal: Principal): string | null => {
  switch (principal.kind) {
    case 'session':
      return principal.sessionId
    case 'api_key':
      return principal.apiKeyId
    case 'assertion':
      return principal.identityId
    case 'believed':
      return null
    default:
      return assertNever(principal)
  }
}

/** Counts attempts before they are made, and refuses those that are too many. */
export class Throttle {
  readonly #counters: ThrottleCounters
  readonly #limits: Readonly<Record<AttemptKind, Limits>>
  /** Until when a key is refused, in epoch milliseconds. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: maxRefused })

  constructor(private readonly settings: ValuesOf<typeof throttleSettings>) {
    this.#counters = new ThrottleCounters(settings.windowSeconds)
    this.#limits = {
      signIn: { perSubject: settings.signInPerSubject, perSource: settings.signInPerSource },
      setHandle: { perSubject: settings.handlePerSubject, perSource: settings.handlePerSource },
      checkHandle: { perSubject: settings.handlePerSource, perSource: settings.handlePerSource },
    }
  }

  /** Counts one attempt on `subject` (null: nobody in particular) by the call's network. Throws `RATE_LIMITED`. */
  async count(call: Call, kind: AttemptKind, subject: string | null): Promise<void> {
    const limits = this.#limits[kind]
    const { network } = call.source
    const limitOf = new Map([[keyOf(kind, network), limits.perSource]])
    if (subject !== null) limitOf.set(keyOf(kind, network, subject), limits.perSubject)
    await this.#countAll(call, limitOf)
  }

  /**
   * Counts one change that the owner of an account makes. Throws `RATE_LIMITED`. The limit of one session is lower than
   * that of the account: whoever has one stolen token cannot keep the owner from what she does against him. A session
   * that is over its limit is remembered, so what it tries further does not count for the account.
   */
  async countChange(call: Call, principal: Principal): Promise<void> {
    const { changesPerAccount, changesPerSession } = this.settings
    const { accountId } = principal
    const limitOf = new Map([[keyOf('change', accountId), changesPerAccount]])
    const bearerId = bearerIdOf(principal)
    if (bearerId !== null) limitOf.set(keyOf('change', accountId, bearerId), changesPerSession)
    await this.#countAll(call, limitOf)
  }

  async #countAll(call: Call, limitOf: ReadonlyMap<string, number>): Promise<void> {
    for (const key of limitOf.keys()) this.#refuseUntil(this.#refusedUntil.get(key) ?? 0, call.now)
    const counts = await this.#counters.add(call, [...limitOf.keys()])
    for (const [key, { count, expiresAt }] of counts) {
      if (count <= (limitOf.get(key) ?? 0)) continue
      this.#refusedUntil.set(key, expiresAt.getTime())
      this.#refuseUntil(expiresAt.getTime(), call.now)
    }
  }

  /** Removes at most `limit` counters whose window ended before `before`; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return await this.#counters.purge(call, before, limit)
  }

  #refuseUntil(milliseconds: number, now: Date): void {
    const seconds = Math.ceil((milliseconds - now.getTime()) / 1000)
    if (seconds > 0) throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: seconds })
  }
}
