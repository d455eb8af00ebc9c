// The pace of a domain: the number of mails that it gets in ten seconds, shared fairly between the asking networks.
import { createHash } from 'node:crypto'

/** The window in milliseconds; short, so that mails above the pace do not wait long. */
export const paceMilliseconds = 10_000
/**
 * Number of shares. A network is hashed to a share, differently for each domain and window, so that the state is
 * bounded and two networks have the same share only for ten seconds (stochastic fairness queuing, P. McKenney, 1990).
 */
const shareCount = 1_024

/** The mails of one share in a window: sent ones and postponed ones. */
type Share = readonly [sent: number, late: number]

/** The mails to one domain in one window. */
export interface Pace {
  /** In epoch milliseconds. */
  readonly endsAt: number
  /** By the number of the share. */
  readonly shares: Readonly<Record<string, Share>>
}

/** A mail that is to be sent now. */
export interface PaceWish {
  readonly domain: string
  /** The hash of the asker's network; null for a notice. */
  readonly network: string | null
  /** In epoch milliseconds. */
  readonly now: number
  /** Mails to the domain in a window. */
  readonly mostMails: number
}

/** The pace including the mail, and when the mail may be sent: `now`, or the window in which to ask again. */
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
 * Allows a mail if its network has had less of the window than is left of it (dynamic thresholds, A. Choudhury and E.
 * Hahne, 1998). One network gets half, n networks get 1/(n+1) each, and a new network always finds room. A postponed
 * mail asks again later, by one window for each full share of mails that were postponed before it.
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
