// Counts the mails that are asked for, before anything is written, and refuses too many of one asker.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type Count, ThrottleCounters } from '../throttle/throttle-counters.js'
import { mailboxOf } from './address.js'

/** What is known of whoever asks for a mail without a look at whose address it is. */
export interface MailAsk {
  /** The hash of the asker's network, or null for a mail of our own. */
  readonly network: string | null
  /** The account that whoever asked has proven to be of, or null. */
  readonly accountId: string | null
  /** How many mails to the same mailbox the network asked for before, in its window of 15 minutes. */
  readonly askedBefore: number
  /** When it makes sense to ask again, or null where nobody asked. Depends on what the asker itself did alone. */
  readonly retryAt: Date | null
}

/** How many mails may be asked for in 15 minutes. */
export interface MailAskLimits {
  /** By one network, or one account, to one mailbox. */
  readonly asksPerMailbox: number
  /** By one network in all. */
  readonly asksPerNetwork: number
}

/** As long as a code holds. In seconds. */
const windowSeconds = 15 * 60
/** A mail takes seconds; whoever has none after so long may ask again. In seconds. */
const repeatSeconds = 60
/** Refused keys remembered at most, so that a flood does not reach the database. */
const mostRefused = 10_000

const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** One counter, and how far it may go. */
interface Limit {
  readonly key: string
  readonly most: number
}

/** Counts who asks for mails. What one network or account did is no other's business: nobody uses up what is another's. */
export class MailAsks {
  readonly #counters = new ThrottleCounters(windowSeconds)
  /** Until when a key is refused, in epoch milliseconds. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: mostRefused })

  constructor(private readonly limits: MailAskLimits) {}

  /**
   * Counts a mail to a canonical address. `accountId`: of which account the asker has proven to be; then the account is
   * limited, so that a stranger in its network does not use up what is its own; without one, the network. Throws
   * `RATE_LIMITED`.
   */
  async count(call: Call, address: string, accountId: string | null): Promise<MailAsk> {
    const { network } = call.source
    const mailbox = mailboxOf(address)
    const here = hashOf('mail', network, mailbox)
    const own = accountId === null ? here : hashOf('mail of account', accountId, mailbox)
    const ofAsker: Limit = { key: own, most: this.limits.asksPerMailbox }
    const ofNetwork: Limit = { key: hashOf('mail', network), most: this.limits.asksPerNetwork }
    const counts = await this.#count(call, [ofNetwork, ofAsker], [here])
    return {
      network: hashOf('network', network),
      accountId,
      askedBefore: counts(here).count - 1,
      retryAt: retryAtOf(call.now, counts(own), ofAsker),
    }
  }

  /** Adds one to each counter, those `beside` the limits too; throws where a limit is passed. */
  async #count(
    call: Call,
    limits: readonly Limit[],
    beside: readonly string[],
  ): Promise<(key: string) => Count> {
    for (const { key } of limits) refuseUntil(this.#refusedUntil.get(key) ?? 0, call.now)
    const keys = new Set([...limits.map(({ key }) => key), ...beside])
    const counts = await this.#counters.add(call, [...keys])
    // Each key was asked for.
    const countOf = (key: string): Count => counts.get(key) as Count
    for (const { key, most } of limits) {
      const { count, expiresAt } = countOf(key)
      if (count <= most) continue
      this.#refusedUntil.set(key, expiresAt.getTime())
      refuseUntil(expiresAt.getTime(), call.now)
    }
    return countOf
  }
}

/** With tries left, once a mail should have come; without, at the end of the window. */
const retryAtOf = (now: Date, { count, expiresAt }: Count, { most }: Limit): Date =>
  count < most ? new Date(now.getTime() + repeatSeconds * 1_000) : expiresAt

const refuseUntil = (milliseconds: number, now: Date): void => {
  const seconds = Math.ceil((milliseconds - now.getTime()) / 1_000)
  if (seconds > 0) throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: seconds })
}
