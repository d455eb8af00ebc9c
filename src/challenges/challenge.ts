// A challenge: what a proof must answer, once and before it expires.

/** What answering a challenge is for. */
export type ChallengePurpose = 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP'

/** Where a challenge stands. */
export type ChallengeStatus = 'PENDING' | 'SPENT' | 'EXPIRED'

/** What a proof must answer. */
export interface Challenge {
  /** Single use: spending it is what makes the challenge spent. */
  readonly nonce: string
  readonly method: string
  readonly purpose: ChallengePurpose
  /** The only session that may answer it, or null where anyone may. */
  readonly sessionId: string | null
  /** Whom or what the proof must show: the public key. */
  readonly subject: string
  /** The handle that was asked for with it, in canonical form, or null. */
  readonly handle: string | null
  /** What is signed, exactly as given. */
  readonly message: string
  readonly expiresAt: Date
}

/** What a method contributes to a challenge; the rest is the same for all. */
export interface ChallengeDraft {
  readonly subject: string
  readonly handle: string | null
  /** The text to sign, once the terms are known. */
  compose(terms: ChallengeTerms): string
}

/** The terms of a challenge that a signed text must name. */
export interface ChallengeTerms {
  readonly purpose: ChallengePurpose
  /** The host of this installation. */
  readonly domain: string
  readonly nonce: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** What to call the account that the answer acts upon, or null for a sign-in. */
  readonly accountName: string | null
}

/** Expired at the very instant of `expiresAt`, so that a lifetime of zero is never valid. */
export const isExpired = (challenge: Pick<Challenge, 'expiresAt'>, now: Date): boolean =>
  now >= challenge.expiresAt
