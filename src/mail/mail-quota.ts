// The quota of a mail: whose mails to a mailbox it counts among, and when its turn is.
import { mailboxOf } from './address.js'
import type { LeasedMail } from './mails.js'

/** So many mails of one quota have their turn in any 15 minutes: five codes are enough for a person, and no flood. */
export const mailsPerQuota = 5
/** As long as a code holds. In milliseconds. */
export const quotaMilliseconds = 15 * 60_000

/** When a mail has its turn, or had it. */
export interface Turn {
  readonly mailId: string
  /** In epoch milliseconds. */
  readonly at: number
}

/** Among which mails one counts. */
export interface Quota {
  /** What names it: who asks, and for which mailbox. */
  readonly name: readonly string[]
  /** How many places a mail must leave free behind itself. */
  readonly leaves: number
}

/** Which quota a mail counts in; null for a notice, which nobody can ask for. */
export const quotaOf = (mail: LeasedMail): Quota | null => {
  const mailbox = mailboxOf(mail.address)
  if (mail.kind === 'notice') return null
  if (mail.isOfOwner) return { name: ['account', mailbox, String(mail.accountId)], leaves: 0 }
  if (mail.isFromKnownNetwork) return { name: ['network', mailbox, String(mail.network)], leaves: 0 }
  // Each further mail of one network leaves one more place to others: so one alone never has all of them.
  return { name: ['strangers', mailbox], leaves: mail.askedBefore }
}

/** A mail that wants its turn. */
export interface TurnWish {
  readonly mailId: string
  readonly leaves: number
  /** In epoch milliseconds. */
  readonly now: number
  /** From then on a turn is of no use, in epoch milliseconds; null when it always is. */
  readonly until: number | null
}

/** The turns as they are with the mail among them, and when its turn is: null when it gets none in time. */
export interface GivenTurn {
  readonly turns: readonly Turn[]
  readonly at: number | null
}

/**
 * Gives a mail the first turn at which every 15 minutes that it falls into have room for it and for what it must leave
 * free. A mail that has a turn keeps it, so asking again is harmless. Turns up to 15 minutes ahead are given, so there are
 * never more than twice `mailsPerQuota`.
 */
export const giveTurn = (given: readonly Turn[], { mailId, leaves, now, until }: TurnWish): GivenTurn => {
  const turns = given.filter(({ at }) => at > now - quotaMilliseconds)
  const own = turns.find((turn) => turn.mailId === mailId)
  if (own !== undefined) return { turns, at: own.at }
  const latest = Math.min(until ?? Number.POSITIVE_INFINITY, now + quotaMilliseconds)
  // Room appears only when a turn has become old.
  const moments = [now, ...turns.map(({ at }) => at + quotaMilliseconds)]
  const at = moments
    .toSorted((one, other) => one - other)
    .find(
      (moment) => moment >= now && moment < latest && mostBeside(turns, moment) + 1 + leaves <= mailsPerQuota,
    )
  if (at === undefined) return { turns, at: null }
  return { turns: [...turns, { mailId, at }].toSorted((one, other) => one.at - other.at), at }
}

/** The most turns in any 15 minutes that `moment` falls into: the fullest begin with a turn, or with the moment itself. */
const mostBeside = (turns: readonly Turn[], moment: number): number => {
  const begins = turns.map(({ at }) => at).filter((at) => at > moment - quotaMilliseconds && at <= moment)
  const counts = [...begins, moment].map(
    (begin) => turns.filter(({ at }) => at >= begin && at < begin + quotaMilliseconds).length,
  )
  return Math.max(...counts)
}
