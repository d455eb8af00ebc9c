// A challenge: what a proof must answer, once and before it expires.

/** What answering a challenge is for. */
export type ChallengePurpose = 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP'

/** Where a challenge stands. */
export type ChallengeStatus = 'PENDING' | 'CONFIRMED' | 'SPENT' | 'EXPIRED'

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
  /** What is signed, exactly as given; null where nothing is. */
  readonly message: string | null
  /** True once it was confirmed by the link of its mail: then it needs no code. */
  readonly confirmed: boolean
  readonly expiresAt: Date
}

/** Five tries of an eight-character code leave a guesser no chance worth naming (NIST SP 800-63B 3.2.2). */
export const mostCodeAttempts = 5
/** Three tries of a match code: enough for a slip of the finger. They burn the link, not the code. */
export const mostMatchCodeTries = 3

/** What a method contributes to a challenge; the rest is the same for all. */
export type ChallengeDraft = SealedDraft | HeldDraft

/** Of a challenge that a machine answers at once: its asker holds it, and nothing is written. */
export interface SealedDraft {
  readonly kind: 'sealed'
  readonly subject: string
  readonly handle: string | null
  /** The text to sign, once the terms are known. */
  compose(terms: ChallengeTerms): string
}

/** Of a challenge that a person answers with what a mail to `subject` brings: we keep it. */
export interface HeldDraft {
  readonly kind: 'held'
  /** The address in canonical form. */
  readonly subject: string
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
