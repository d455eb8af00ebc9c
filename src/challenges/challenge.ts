// A challenge: what a proof must answer, once and before it expires.
import type { JsonObject } from '../database/json.js'
import type { ProvenIdentity } from '../identities/identity.js'

/** The purpose of a challenge. */
export type ChallengePurpose = 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP' | 'REGISTER_DEVICE' | 'RESET_PASSWORD'

/**
 * What answering the mail of a challenge does, in whose words the mail and its page are. A second factor has words of
 * its own, whatever its purpose, because its reader must learn that somebody has given the first proof. A device is
 * registered by its key alone, without a mail.
 */
export type MailedAct = Exclude<ChallengePurpose, 'REGISTER_DEVICE'> | 'SECOND_FACTOR'

/** The state of a challenge. */
export type ChallengeStatus = 'PENDING' | 'CONFIRMED' | 'SPENT' | 'EXPIRED'

/** A first proof that a second factor completes. */
export interface FirstFactor extends ProvenIdentity {
  /** RFC 8176 values of the first proof. */
  readonly amr: readonly string[]
  /** The device name that the client sent with it, or null. */
  readonly deviceName: string | null
}

/** What the answer acts upon, and who may answer. */
export interface ChallengeBinding {
  /** The account that the answer acts upon. */
  readonly accountId: string
  /** The account's name. */
  readonly accountName: string
  /** The only session that may answer; null if anybody may, as between the two proofs of a sign-in. */
  readonly sessionId: string | null
  /** The first proof that the answer completes; null if the answer is itself the first one. */
  readonly firstFactor: FirstFactor | null
}

/** A method's part of a challenge; the rest is the same for all methods. */
export interface ChallengeDraft {
  /** The subject that the proof must show, such as a public key or an address; null if the proof itself contains it. */
  readonly subject: string | null
  /** The handle that was asked for with it, in canonical form, or null. */
  readonly handle: string | null
  /** The method's own data for the verification, or null. */
  readonly state: JsonObject | null
  /** Composes the text that the asker sees or signs, from the terms; null if there is none. */
  readonly compose: ((terms: ChallengeTerms) => string) | null
  readonly keeping: ChallengeKeeping
}

/**
 * Who stores a challenge. `asker`: its asker, in sealed form, and nothing is written; for challenges that a program
 * answers at once, or a person within `lifetimeSeconds`. `service`: we do, and count the tries; for answers that can be guessed. `mailTo`: the address, in
 * canonical form, to which a mail with code and link is sent; null for no mail.
 */
export type ChallengeKeeping =
  | { readonly by: 'asker'; readonly lifetimeSeconds?: number }
  | { readonly by: 'service'; readonly mailTo: string | null }

/** The draft of a challenge that asks for what its owner has already (a code, a password): nothing is shown or mailed. */
export const ownedSecretDraft: ChallengeDraft = {
  subject: null,
  handle: null,
  state: null,
  compose: null,
  keeping: { by: 'service', mailTo: null },
}

/** The terms of a challenge, which a signed text must contain. */
export interface ChallengeTerms {
  readonly purpose: ChallengePurpose
  /** The host of this installation. */
  readonly domain: string
  readonly nonce: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** The name of the account that the answer acts upon; null for a sign-in. */
  readonly accountName: string | null
}

/** A challenge, which a proof answers. */
export interface Challenge {
  /** Makes the challenge single-use: it is spent by inserting the nonce. */
  readonly nonce: string
  readonly method: string
  readonly purpose: ChallengePurpose
  /** The only session that may answer; null if anybody may. */
  readonly sessionId: string | null
  /** The account that the answer acts upon; null for the first proof of a sign-in. */
  readonly accountId: string | null
  /** The first proof that the answer completes, or null. */
  readonly firstFactor: FirstFactor | null
  /** The subject that the proof must show; null if the proof itself contains it. */
  readonly subject: string | null
  /** The handle that was asked for with it, in canonical form, or null. */
  readonly handle: string | null
  /** The text that is signed or shown, exactly as given; null if there is none. */
  readonly message: string | null
  /** The method's own data, or null. */
  readonly state: JsonObject | null
  /** True once it was confirmed by the link of its mail, so that no code is needed. */
  readonly confirmed: boolean
  readonly expiresAt: Date
}

/** The parts of a challenge. */
export interface ChallengeParts {
  readonly method: string
  readonly draft: ChallengeDraft
  readonly terms: ChallengeTerms
  /** Null for the first proof of a sign-in. */
  readonly binding: ChallengeBinding | null
}

/** Makes a challenge from a method's draft and the terms. */
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

/** Tries of an eight-character code: the chance to guess it in five is negligible (NIST SP 800-63B 3.2.2). */
export const mostCodeAttempts = 5
/** Tries of a match code, enough for typing errors. After them the link is useless; the code can still be used. */
export const mostMatchCodeTries = 3

/** Expired at the very instant of `expiresAt`, so that a lifetime of zero is never valid. */
export const isExpired = (challenge: Pick<Challenge, 'expiresAt'>, now: Date): boolean =>
  now >= challenge.expiresAt

/** What answering the mail of a challenge does; null for a purpose without mails. */
export const mailedActOf = ({
  purpose,
  firstFactor,
}: Pick<Challenge, 'purpose' | 'firstFactor'>): MailedAct | null => {
  if (purpose === 'REGISTER_DEVICE') return null
  return firstFactor === null ? purpose : 'SECOND_FACTOR'
}
