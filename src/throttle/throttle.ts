// The throttle: counts attempts per subject and per network over all processes, and refuses too many.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../authorization/principal.js'
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { throttleSettings } from './settings.js'
import { ThrottleCounters } from './throttle-counters.js'

/** The kinds of attempts that are counted. */
export type AttemptKind = 'signIn' | 'askHandle' | 'takeHandle' | 'askAlias' | 'askContract'

/** The limits per window: for one subject from one network, and for one network in total. */
interface Limits {
  readonly perSubject: number
  readonly perSource: number
}

/** Most refused keys in memory, for which a flood causes no statements. */
const maxRefused = 10_000

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** The credential of a caller, of which an account may have several; null for none. */
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

/** Counts attempts before they are executed, and refuses too many. */
export class Throttle {
  readonly #counters: ThrottleCounters
  readonly #limits: Readonly<Record<AttemptKind, Limits>>
  /** The end of each refused key's window, in epoch milliseconds. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: maxRefused })

  constructor(private readonly settings: ValuesOf<typeof throttleSettings>) {
    this.#counters = new ThrottleCounters(settings.windowSeconds)
    this.#limits = {
      signIn: { perSubject: settings.signInPerSubject, perSource: settings.signInPerSource },
      askHandle: { perSubject: settings.handlePerSource, perSource: settings.handlePerSource },
      askAlias: { perSubject: settings.aliasesPerSource, perSource: settings.aliasesPerSource },
      askContract: { perSubject: settings.contractsPerSubject, perSource: settings.contractsPerSource },
      takeHandle: { perSubject: settings.handlePerSubject, perSource: settings.newHandlePerSource },
    }
  }

  /** Counts one attempt on `subject` (null: none) by the call's network. Throws `RATE_LIMITED`. */
  async count(call: Call, kind: AttemptKind, subject: string | null): Promise<void> {
    const limits = this.#limits[kind]
    const { network } = call.source
    const limitOf = new Map([[keyOf(kind, network), limits.perSource]])
    if (subject !== null) limitOf.set(keyOf(kind, network, subject), limits.perSubject)
    // An attempt to take a handle shows whether it is taken, so it counts as a question too.
    if (kind === 'takeHandle') limitOf.set(keyOf('askHandle', network), this.#limits.askHandle.perSource)
    await this.#countAll(call, limitOf)
  }

  /**
   * Counts one change by the owner of an account. Throws `RATE_LIMITED`. The limit of one session is lower than that of
   * the account, so that a thief with one stolen token cannot prevent the owner from acting. Once a session is over its
   * limit, its further attempts do not count for the account.
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

  /** Deletes at most `limit` counters whose window ended before `before`; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return await this.#counters.purge(call, before, limit)
  }

  #refuseUntil(milliseconds: number, now: Date): void {
    const seconds = Math.ceil((milliseconds - now.getTime()) / 1000)
    if (seconds > 0) throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: seconds })
  }
}
