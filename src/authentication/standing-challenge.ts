// A challenge as its asker sees it: what it is, where it stands, and where its mail does.
import type { Challenge, ChallengeStatus } from '../challenges/challenge.js'
import type { MailState } from '../mail/mail.js'

/** A challenge, where it stands, and where its mail does. */
export interface StandingChallenge {
  /** The id by which its asker refers to it. */
  readonly id: string
  readonly challenge: Challenge
  readonly status: ChallengeStatus
  /** Null where no mail belongs to it. */
  readonly mailState: MailState | null
  /** In how many seconds its asker may as well ask for another mail; null where no mail belongs to it. */
  readonly retryAfterSeconds: number | null
}

/** Whole seconds from `now` until `at`, none when it is past; null for null. */
export const secondsUntil = (now: Date, at: Date | null): number | null =>
  at && Math.max(0, Math.ceil((at.getTime() - now.getTime()) / 1_000))
