// A challenge: what a proof must answer, once and before it expires.
import type { JsonObject } from '../database/json.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** What answering a challenge is for. */
export type ChallengePurpose = 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP'

/** Where a challenge stands. */
export type ChallengeStatus = 'PENDING' | 'CONFIRMED' | 'SPENT' | 'EXPIRED'

/** The first proof, which a second factor completes. */
export interface FirstFactor extends ProvenIdentity {
  /** RFC 8176 values of the first proof. */
  readonly amr: readonly string[]
  /** What the client called its device with it, or null. */
  readonly deviceName: string | null
}

/** What a challenge acts upon, and who may answer it. */
export interface ChallengeBinding {
  /** The account that the answer acts upon. */
  readonly accountId: string
  /** What to call it. */
  readonly accountName: string
  /** The only session that may answer; null where anybody may, as between the two proofs of a sign-in. */
  readonly sessionId: string | null
  /** The proof that the answer completes; null where the answer is itself the first one. */
  readonly firstFactor: FirstFactor | null
}

/** What a method contributes to a challenge; the rest is the same for all. */
export interface ChallengeDraft {
  /** Whom or what the proof must show, such as a public key or an address; null where the proof itself says it. */
  readonly subject: string | null
  /** The handle that was asked for with it, in canonical form, or null. */
  readonly handle: string | null
  /** What the method alone reads again when it verifies; null for nothing. */
  readonly state: JsonObject | null
  /** What its asker gets to see or sign, once the terms are known; null for nothing. */
  readonly compose: ((terms: ChallengeTerms) => string) | null
  readonly keeping: ChallengeKeeping
}

/**
 * Who keeps a challenge. `asker`: its asker holds it, sealed, and nothing is written; for what is answered at once by a
 * machine. `service`: we hold it and count the tries; for what can be guessed. `mailTo`: the address that a mail brings
 * its code and link to, in canonical form; null where none is sent.
 */
export type ChallengeKeeping =
  | { readonly by: 'asker' }
  | { readonly by: 'service'; readonly mailTo: string | null }

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

/** What a proof must answer. */
export interface Challenge {
  /** Single use: spending it is what makes the challenge spent. */
  readonly nonce: string
  readonly method: string
  readonly purpose: ChallengePurpose
  /** The only session that may answer it, or null where anyone may. */
  readonly sessionId: string | null
  /** The account that the answer acts upon, or null for a sign-in that begins. */
  readonly accountId: string | null
  /** The proof that the answer completes, or null. */
  readonly firstFactor: FirstFactor | null
  /** Whom or what the proof must show; null where the proof itself says it. */
  readonly subject: string | null
  /** The handle that was asked for with it, in canonical form, or null. */
  readonly handle: string | null
  /** What is signed or shown, exactly as given; null where nothing is. */
  readonly message: string | null
  /** The method's own; null for nothing. */
  readonly state: JsonObject | null
  /** True once it was confirmed by the link of its mail: then it needs no code. */
  readonly confirmed: boolean
  readonly expiresAt: Date
}

/** What a challenge is made of. */
export interface ChallengeParts {
  readonly method: string
  readonly draft: ChallengeDraft
  readonly terms: ChallengeTerms
  /** Null for a sign-in that begins. */
  readonly binding: ChallengeBinding | null
}

/** The challenge of a draft under its terms. */
export const newChallenge = ({ method, draft, terms, binding }: ChallengeParts): Challenge => ({
  nonce: terms.nonce,
  method,
  purpose: terms.purpose,
  sessionId: binding?.sessionId ?? null,
  accountId: binding?.accountId ?? null,
  firstFactor: binding?.firstFactor ?? null,
  subject: draft.subject,
  handle: draft.handle,
  message: draft.compose?.(terms) ?? null,
  state: draft.state,
  confirmed: false,
  expiresAt: terms.expiresAt,
})

/** Five tries of an eight-character code leave a guesser no chance worth naming (NIST SP 800-63B 3.2.2). */
export const mostCodeAttempts = 5
/** Three tries of a match code: enough for a slip of the finger. They burn the link, not the code. */
export const mostMatchCodeTries = 3

/** Expired at the very instant of `expiresAt`, so that a lifetime of zero is never valid. */
export const isExpired = (challenge: Pick<Challenge, 'expiresAt'>, now: Date): boolean =>
  now >= challenge.expiresAt
