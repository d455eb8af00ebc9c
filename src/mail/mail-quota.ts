// The quota of a mail: the mails to a mailbox with which it is counted, and the time of its turn.
import { mailboxOf } from './address.js'
import type { LeasedMail } from './mails.js'

/** Turns of one quota in any 15 minutes: five codes are enough for a person and not a flood. */
export const mailsPerQuota = 5
/** The window in milliseconds: the lifetime of a code. */
export const quotaMilliseconds = 15 * 60_000

/** A turn in the last 30 minutes. It takes room for 15 minutes; after that it only counts for the order of the waiting. */
export interface Turn {
  readonly mailId: string
  /** The hash of the network that requested the mail, if networks share the quota; otherwise null. */
  readonly network: string | null
  /** In epoch milliseconds. */
  readonly at: number
}

/** A mail that waits for a turn. */
export interface Waiting {
  readonly mailId: string
  readonly network: string | null
  /** When it loses its place unless it has asked again, in epoch milliseconds. */
  readonly until: number
}

/** The state of a quota: turns, oldest first, and the mails that wait. */
export interface QuotaLine {
  readonly turns: readonly Turn[]
  readonly waiting: readonly Waiting[]
}

/** A quota. */
export interface Quota {
  /** Its key: the asker and the mailbox. */
  readonly name: readonly string[]
  /** The hash of the mail's network, if networks share the quota; null if it belongs to one asker. */
  readonly network: string | null
}

/** The quota of a mail; null for a notice, which cannot be requested. */
export const quotaOf = (mail: LeasedMail): Quota | null => {
  const mailbox = mailboxOf(mail.address)
  if (mail.kind === 'notice') return null
  if (mail.isOfOwner) return { name: ['account', mailbox, String(mail.accountId)], network: null }
  if (mail.isFromKnownNetwork) return { name: ['network', mailbox, String(mail.network)], network: null }
  return { name: ['strangers', mailbox], network: mail.network }
}

/** A mail that needs a turn. */
export interface TurnWish {
  readonly mailId: string
  readonly network: string | null
  /** In epoch milliseconds. */
  readonly now: number
  /** The latest useful time of a turn, in epoch milliseconds; null for no limit. */
  readonly until: number | null
}

/** The new state, and when the mail may be sent: `now`, or the time to ask again; null if that would be too late. */
export interface GivenTurn {
  readonly line: QuotaLine
  readonly at: number | null
}

/** Turns of a network in this time count for the order of the waiting mails. In milliseconds. */
export const rememberedMilliseconds = 2 * quotaMilliseconds
/** A waiting mail that asks again later than this after its time has lost its place. In milliseconds. */
const graceMilliseconds = 60_000
/** A bound; more than `mailsPerQuota` wait only if the order changes meanwhile. */
const mostWaiting = 2 * mailsPerQuota

/**
 * Gives a mail a turn if there is room for it, for the mails that wait before it, and for as many more as its network has
 * had in 15 minutes (dynamic thresholds, A. Choudhury and E. Hahne, 1998). So one network gets three of the five turns,
 * two networks get four, and the fifth is left to a network without one. Of the waiting mails those come first whose
 * network has had fewer turns in 30 minutes, then those with the lower id. The turn of a mail that is tried again within
 * 15 minutes moves to the new time.
 */
export const giveTurn = (given: QuotaLine | null, wish: TurnWish): GivenTurn => {
  const { mailId, network, now, until } = wish
  const kept = (given?.turns ?? []).filter(({ at }) => at > now - rememberedMilliseconds)
  const isRepeat = kept.some((turn) => turn.mailId === mailId && turn.at > now - quotaMilliseconds)
  const turns = kept.filter((turn) => turn.mailId !== mailId)
  const waiting = (given?.waiting ?? []).filter((other) => other.mailId !== mailId && other.until > now)
  const latest = Math.min(until ?? Number.POSITIVE_INFINITY, now + quotaMilliseconds)
  // Room appears when the oldest turn is 15 minutes old.
  const at = [now, ...turns.map((turn) => turn.at + quotaMilliseconds)].find(
    (moment) => moment >= now && moment < latest && (isRepeat || hasRoom({ turns, waiting }, wish, moment)),
  )
  if (at === undefined) return { line: { turns, waiting }, at: null }
  if (at === now) return { line: { turns: [...turns, { mailId, network, at }], waiting }, at }
  const own = { mailId, network, until: Math.min(at + graceMilliseconds, latest) }
  return { line: { turns, waiting: [own, ...waiting].slice(0, mostWaiting) }, at }
}

const hasRoom = ({ turns, waiting }: QuotaLine, { mailId, network }: TurnWish, moment: number): boolean => {
  const still = turns.filter(({ at }) => at > moment - quotaMilliseconds)
  const [had, others] = [
    countOf(turns, network),
    waiting.map((other) => ({ ...other, had: countOf(turns, other.network) })),
  ]
  const ahead = others.filter((other) => other.had < had || (other.had === had && other.mailId < mailId))
  return still.length + ahead.length + countOf(still, network) < mailsPerQuota
}

const countOf = (turns: readonly Turn[], network: string | null): number =>
  network === null ? 0 : turns.filter((turn) => turn.network === network).length
