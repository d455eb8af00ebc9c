// A challenge as its asker sees it, with its state and that of its mail.
import type { Challenge, ChallengeStatus } from '../challenges/challenge.js'
import type { MailState } from '../mail/mail.js'

/** A challenge with its state and that of its mail. */
export interface StandingChallenge {
  /** The asker's id of the challenge. */
  readonly id: string
  readonly challenge: Challenge
  /** The methods whose proofs may answer it, its own first. */
  readonly methods: readonly string[]
  readonly status: ChallengeStatus
  /** Null without a mail. */
  readonly mailState: MailState | null
  /** The seconds after which another request for a mail makes sense; null without a mail. */
  readonly retryAfterSeconds: number | null
}

/** Whole seconds from `now` until `at`, 0 for the past; null for null. */
export const secondsUntil = (now: Date, at: Date | null): number | null =>
  at && Math.max(0, Math.ceil((at.getTime() - now.getTime()) / 1_000))
