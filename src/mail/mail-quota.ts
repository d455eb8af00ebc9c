// The quota of a mail: the mails to a mailbox with which it is counted, and the time of its turn.
import { mailboxOf } from './address.js'
import type { LeasedMail } from './mails.js'

/** Turns of one quota in any 15 minutes: five codes are enough for a person and not a flood. */
export const mailsPerQuota = 5
/** The window in milliseconds: the lifetime of a code. */
export const quotaMilliseconds = 15 * 60_000

/** The turn of a mail, in the future or past. */
export interface Turn {
  readonly mailId: string
  /** In epoch milliseconds. */
  readonly at: number
}

/** A quota. */
export interface Quota {
  /** Its key: the asker and the mailbox. */
  readonly name: readonly string[]
  /** The number of turns that a mail must leave free. */
  readonly leaves: number
}

/** The quota of a mail; null for a notice, which cannot be requested. */
export const quotaOf = (mail: LeasedMail): Quota | null => {
  const mailbox = mailboxOf(mail.address)
  if (mail.kind === 'notice') return null
  if (mail.isOfOwner) return { name: ['account', mailbox, String(mail.accountId)], leaves: 0 }
  if (mail.isFromKnownNetwork) return { name: ['network', mailbox, String(mail.network)], leaves: 0 }
  // Each further mail of a network must leave one more turn free, so that one network never uses all of them.
  return { name: ['strangers', mailbox], leaves: mail.askedBefore }
}

/** A mail that needs a turn. */
export interface TurnWish {
  readonly mailId: string
  readonly leaves: number
  /** In epoch milliseconds. */
  readonly now: number
  /** The latest useful time of a turn, in epoch milliseconds; null for no limit. */
  readonly until: number | null
}

/** The turns including the mail's, and the time of its turn; null if it gets none in time. */
export interface GivenTurn {
  readonly turns: readonly Turn[]
  readonly at: number | null
}

/**
 * Gives a mail the first time at which every period of 15 minutes around it has room for the mail and for the turns that
 * it must leave free. A mail with a turn keeps it. Turns are at most 15 minutes ahead, so there are never more than twice
 * `mailsPerQuota`.
 */
export const giveTurn = (given: readonly Turn[], { mailId, leaves, now, until }: TurnWish): GivenTurn => {
  const turns = given.filter(({ at }) => at > now - quotaMilliseconds)
  const own = turns.find((turn) => turn.mailId === mailId)
  if (own !== undefined) return { turns, at: own.at }
  const latest = Math.min(until ?? Number.POSITIVE_INFINITY, now + quotaMilliseconds)
  // Room appears only when a turn is older than 15 minutes.
  const moments = [now, ...turns.map(({ at }) => at + quotaMilliseconds)]
  const at = moments
    .toSorted((one, other) => one - other)
    .find(
      (moment) => moment >= now && moment < latest && mostBeside(turns, moment) + 1 + leaves <= mailsPerQuota,
    )
  if (at === undefined) return { turns, at: null }
  return { turns: [...turns, { mailId, at }].toSorted((one, other) => one.at - other.at), at }
}

/**
 * The largest number of turns in a period of 15 minutes around `moment`; the fullest begin with a turn or with
 * `moment`.
 */
const mostBeside = (turns: readonly Turn[], moment: number): number => {
  const begins = turns.map(({ at }) => at).filter((at) => at > moment - quotaMilliseconds && at <= moment)
  const counts = [...begins, moment].map(
    (begin) => turns.filter(({ at }) => at >= begin && at < begin + quotaMilliseconds).length,
  )
  return Math.max(...counts)
}
