// A challenge on its way: what it is made of while it is issued, and where it stands once it was.
import type { Challenge, ChallengePurpose, ChallengeStatus } from '../challenges/challenge.js'
import type { MailState } from '../mail/mail.js'

/** A challenge, where it stands, and where its mail does. */
export interface StandingChallenge {
  /** The id by which its asker refers to it. */
  readonly id: string
  readonly challenge: Challenge
  readonly status: ChallengeStatus
  /** Null where no mail belongs to it. */
  readonly mailState: MailState | null
}

/** Who asks for a challenge that acts upon an account. */
export interface Asker {
  readonly sessionId: string
  /** What to call the account. */
  readonly name: string
}

/** What a challenge is made of, whichever way it is kept. */
export interface ChallengeParts<D> {
  readonly draft: D
  readonly method: string
  readonly purpose: ChallengePurpose
  /** Null for a sign-in. */
  readonly asker: Asker | null
}
