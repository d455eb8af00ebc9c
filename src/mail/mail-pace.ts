// The pace of a domain: how many mails it gets in ten seconds, shared fairly between the networks that ask for them.
import { createHash } from 'node:crypto'

/** Short, so that what is over the pace does not wait long. In milliseconds. */
export const paceMilliseconds = 10_000
/**
 * Networks are told apart by a share's number, drawn anew for each domain and window: what is stored is bounded, and two
 * networks that share a number do so for ten seconds (stochastic fairness queuing, P. McKenney, 1990).
 */
const shareCount = 1_024

/** What one share of a domain's window has had: mails that were sent, and mails that were sent away. */
type Share = readonly [sent: number, late: number]

/** The mails to one domain in one window. */
export interface Pace {
  /** In epoch milliseconds. */
  readonly endsAt: number
  /** By the number of the share. */
  readonly shares: Readonly<Record<string, Share>>
}

/** A mail that wants to go now. */
export interface PaceWish {
  readonly domain: string
  /** The hash of the network that asked, or null for our own. */
  readonly network: string | null
  /** In epoch milliseconds. */
  readonly now: number
  /** Mails that the domain gets in a window. */
  readonly mostMails: number
}

/** The pace as it is with the mail counted, and when the mail may go: `now`, or the window in which to ask again. */
export interface GivenPlace {
  readonly pace: Pace
  readonly at: number
}

const shareOf = ({ domain, network }: PaceWish, endsAt: number): string => {
  const digest = createHash('sha256')
    .update(JSON.stringify([domain, network, endsAt]))
    .digest()
  return String(digest.readUInt32BE() % shareCount)
}

/**
 * Lets a mail go while its network has had less of the window than is left of it (dynamic thresholds, A. Choudhury and
 * E. Hahne, 1998): one network gets half, n get an nth part of all but one share more, and whoever comes new finds room.
 * What is sent away asks again a window later for each time that its share fits into the mails sent away before it.
 */
export const givePlace = (given: Pace | null, wish: PaceWish): GivenPlace => {
  const { now, mostMails } = wish
  const { endsAt, shares } =
    given !== null && given.endsAt > now ? given : { endsAt: now + paceMilliseconds, shares: {} }
  const share = shareOf(wish, endsAt)
  const [sent, late] = shares[share] ?? [0, 0]
  const left = mostMails - Object.values(shares).reduce((sum, [had]) => sum + had, 0)
  if (sent < left) return { at: now, pace: { endsAt, shares: { ...shares, [share]: [sent + 1, late] } } }
  const windowsAhead = Math.floor(late / Math.max(1, sent))
  return {
    at: endsAt + windowsAhead * paceMilliseconds,
    pace: { endsAt, shares: { ...shares, [share]: [sent, late + 1] } },
  }
}
