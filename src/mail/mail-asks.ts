// Counts requests for mails before anything is written, and refuses too many of one asker.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type Count, ThrottleCounters } from '../throttle/throttle-counters.js'
import { mailboxOf } from './address.js'

/** The facts about an asker that do not depend on whether the address is known. */
export interface MailAsk {
  /** The hash of the asker's network; null for a notice. */
  readonly network: string | null
  /** The account of the asker's session, or null. */
  readonly accountId: string | null
  /**
   * When another request makes sense; null for a notice. Depends only on the asker's own requests.
   */
  readonly retryAt: Date | null
}

/** The numbers of mails that may be requested in 15 minutes. */
export interface MailAskLimits {
  /** By one network, or one account, to one mailbox. */
  readonly asksPerMailbox: number
  /** By one network in total. */
  readonly asksPerNetwork: number
}

/** The window in seconds: the lifetime of a code. */
const windowSeconds = 15 * 60
/** After this time without the mail another request makes sense, in seconds. */
const repeatSeconds = 60
/** Refused keys remembered at most, so that a flood does not reach the database. */
const mostRefused = 10_000

const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/** A counter and its limit. */
interface Limit {
  readonly key: string
  readonly most: number
}

/** Counts requests for mails. Networks and accounts have separate quotas, so that none can use up another's. */
export class MailAsks {
  readonly #counters = new ThrottleCounters(windowSeconds)
  /** The end of each refused key's window, in epoch milliseconds. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: mostRefused })

  constructor(private readonly limits: MailAskLimits) {}

  /**
   * Counts a request for a mail to a canonical address. With `accountId`, the account of the asker's session, the limit is
   * that of the account, so that a stranger in its network cannot use up its quota; otherwise that of the network. Throws
   * `RATE_LIMITED`.
   */
  async count(call: Call, address: string, accountId: string | null): Promise<MailAsk> {
    const { network } = call.source
    const mailbox = mailboxOf(address)
    const ofNetwork: Limit = { key: hashOf('mail', network), most: this.limits.asksPerNetwork }
    const ofAsker: Limit = {
      key:
        accountId === null ? hashOf('mail', network, mailbox) : hashOf('mail of account', accountId, mailbox),
      most: this.limits.asksPerMailbox,
    }
    const counts = await this.#count(call, [ofNetwork, ofAsker])
    return {
      network: hashOf('network', network),
      accountId,
      retryAt: retryAtOf(call.now, counts(ofAsker), ofAsker),
    }
  }

  /** Adds one to each counter; throws where a limit is passed. */
  async #count(call: Call, limits: readonly Limit[]): Promise<(limit: Limit) => Count> {
    for (const { key } of limits) refuseUntil(this.#refusedUntil.get(key) ?? 0, call.now)
    const counts = await this.#counters.add(
      call,
      limits.map(({ key }) => key),
    )
    // Each was counted.
    const countOf = ({ key }: Limit): Count => counts.get(key) as Count
    for (const limit of limits) {
      const { count, expiresAt } = countOf(limit)
      if (count <= limit.most) continue
      this.#refusedUntil.set(limit.key, expiresAt.getTime())
      refuseUntil(expiresAt.getTime(), call.now)
    }
    return countOf
  }
}

/** With requests left, when the mail should have arrived; without, the end of the window. */
const retryAtOf = (now: Date, { count, expiresAt }: Count, { most }: Limit): Date =>
  count < most ? new Date(now.getTime() + repeatSeconds * 1_000) : expiresAt

const refuseUntil = (milliseconds: number, now: Date): void => {
  const seconds = Math.ceil((milliseconds - now.getTime()) / 1_000)
  if (seconds > 0) throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: seconds })
}
