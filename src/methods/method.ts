// The functions of methods: what they are given, what they show, and how they are made.
import type { AuditLog } from '../audit/audit-log.js'
import type { Acr } from '../authorization/principal.js'
import type { Challenge, ChallengeDraft, ChallengePurpose, FirstFactor } from '../challenges/challenge.js'
import type { HeldSecrets } from '../challenges/held-secrets.js'
import type { LoginCodes, LoginGrant } from '../challenges/login-code.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Identities } from '../identities/identities.js'
import type { CredentialStep, ProvenIdentity } from '../identities/identity.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import type { Outbox } from '../outbox/outbox.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import type { Passwords } from '../passwords/passwords.js'
import type { OutboundHttp } from '../runtime/outbound-http.js'
import type { Random } from '../runtime/random.js'
import type { SecondFactors } from '../second-factors/second-factors.js'
import type { Throttle } from '../throttle/throttle.js'
import type { KeyRing } from '../tokens/key-ring.js'
import type {
  HandoverDescription,
  IdentityDescription,
  SecondFactorDescription,
} from './method-description.js'
import type { RelyingParty } from './passkey/relying-party.js'
import type { ChainUrls } from './wallet/settings.js'

/** The purpose and account of a requested challenge. */
export interface ChallengeAim {
  readonly purpose: ChallengePurpose
  /** The account that the answer acts upon; null for a sign-in that begins. */
  readonly accountId: string | null
}

/** A proof with its challenge, purpose and account. */
export interface Attempt<P extends object = object> {
  readonly proof: P
  /** Null if the method needs none and none was given. */
  readonly challenge: Challenge | null
  readonly purpose: ChallengePurpose
  /** The account that the proof acts upon; null for a sign-in that begins. */
  readonly accountId: string | null
}

/** The common result of proofs. */
interface Shown {
  /** RFC 8176 values of this proof. */
  readonly amr: readonly string[]
  /** What is written in the transaction of what the proof allows: a counter, a rehash, a key against replay. */
  readonly writes: readonly Part[]
}

/** A proven identity. */
export interface ShownIdentity extends Shown {
  readonly issuer: string
  readonly subject: string
  /** The level of this proof alone. */
  readonly acr: Acr
  /** The client's name for its device, or null. */
  readonly deviceName: string | null
  /** The change of the identity's credential; null if the subject suffices or nothing changes. */
  readonly credential: CredentialStep | null
}

/** The caller was confirmed as the owner of the challenge's account. */
export interface ShownSecondFactor extends Shown {}

/** The functions of every method. */
interface CommonBehaviour<P extends object, R extends object> {
  /** The method's part of a challenge, if clients may request one. Throws `BAD_USER_INPUT`. */
  challenge?(call: Call, request: R, aim: ChallengeAim): Promise<ChallengeDraft>
  /**
   * True for a proof that may be a guess, which counts as a try of a held challenge. Without this function no proof is.
   * Throws `BAD_USER_INPUT` for a malformed answer, which does not count as a try.
   */
  isGuess?(proof: P): boolean
  /**
   * The challenge with which an account's owner completes a first proof; null if the account cannot answer one of this
   * method. Reads only. Without this function the method does not complete other proofs.
   */
  challengeAfter?(call: Call, accountId: string, first: FirstFactor): Promise<ChallengeDraft | null>
  /**
   * Counts a guess of what completes another proof for the account, over all its challenges and sessions and before it
   * is compared. Throws `RATE_LIMITED`. Without this function only the tries of a challenge are limited.
   */
  countTry?(call: Call, accountId: string): Promise<void>
}

/** The functions of an identity method. */
export interface IdentityBehaviour<P extends object = object, R extends object = object>
  extends CommonBehaviour<P, R> {
  /**
   * The identity of an attempt, in canonical form, before the verification. Tries are limited and failures are counted
   * for it. Null if there is none, or it is not known yet. It must be cheap, because it is called before the limit, and
   * then without a held challenge.
   */
  about(attempt: Pick<Attempt<P>, 'proof' | 'challenge'>): Pick<ProvenIdentity, 'issuer' | 'subject'> | null
  /**
   * Refuses with `UNAVAILABLE` what could not be verified just now: after the limit, before a try of a challenge is
   * counted.
   */
  admit?(call: Call): void
  /**
   * The identity for which a rejected proof is counted, where `about` has only what was typed, and a query tells whose
   * it is. Called after a rejection; one that does not exist if nobody's. Without this function, that of `about`.
   */
  failedIdentity?(call: Call, attempt: Attempt<P>): Promise<Pick<ProvenIdentity, 'issuer' | 'subject'>>
  /**
   * Verifies a proof. Reads only. An invalid proof is refused with `PROOF_REJECTED` and a private reason, a malformed
   * one may be refused with `BAD_USER_INPUT`.
   */
  verify(call: Call, attempt: Attempt<P>): Promise<ShownIdentity>
}

/**
 * A proof of a second factor. The challenge names the account; without one (only to step up) the caller's session does.
 */
export type SecondAttempt<P extends object = object> = Attempt<P> & { readonly accountId: string }

/** The functions of a second factor. */
export interface SecondFactorBehaviour<P extends object = object, R extends object = object>
  extends CommonBehaviour<P, R> {
  challengeAfter(call: Call, accountId: string, first: FirstFactor): Promise<ChallengeDraft | null>
  /**
   * Whether the account has a proof of this method that may answer any challenge of a second factor, instead of what
   * that asks for. Only a method that stands in for the others has this function.
   */
  standsIn?(call: Call, accountId: string): Promise<boolean>
  /** Verifies a proof for the account of the attempt. Reads only; refuses like an identity method. */
  verify(call: Call, attempt: SecondAttempt<P>): Promise<ShownSecondFactor>
}

/** What another method has proven, and what is written in the transaction of what the proof allows. */
export interface HandedOver {
  readonly grant: LoginGrant
  readonly writes: readonly Part[]
}

/** The functions of a method that hands over proofs. */
export interface HandoverBehaviour<P extends object = object> extends CommonBehaviour<P, object> {
  /** Verifies the code. Reads only; refuses like an identity method. */
  verify(call: Call, attempt: Attempt<P>): Promise<HandedOver>
}

/** What methods need. */
export interface MethodNeeds {
  readonly random: Random
  readonly heldSecrets: HeldSecrets
  readonly identities: Identities
  readonly provenIdentities: ProvenIdentities
  readonly secondFactors: SecondFactors
  readonly keyRing: KeyRing
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly loginCodes: LoginCodes
  /** The origin of this installation. */
  readonly publicUrl: string
  readonly throttle: Throttle
  readonly outboundHttp: OutboundHttp
  /** The nodes that answer for contract wallets. */
  readonly walletRpc: ChainUrls
  readonly passwords: Passwords
  readonly passwordHasher: PasswordHasher
  /** Who relies on passkeys; null if the installation has no domain. */
  readonly relyingParty: RelyingParty | null
}

/** A method that proves control of an identity. */
export type IdentityMethod<P extends object = object, R extends object = object> = IdentityDescription<P, R> &
  IdentityBehaviour<P, R>
/** A second factor. */
export type SecondFactor<P extends object = object, R extends object = object> = SecondFactorDescription<
  P,
  R
> &
  SecondFactorBehaviour<P, R>
/** A method that hands over proofs. */
export type HandoverMethod<P extends object = object> = HandoverDescription<P> & HandoverBehaviour<P>
/** A method. */
export type Method = IdentityMethod | SecondFactor | HandoverMethod

/** The definition of an identity method: its description, and how to make its functions. */
export interface IdentityDefinition<P extends object = object, R extends object = object>
  extends IdentityDescription<P, R> {
  create(needs: MethodNeeds): IdentityBehaviour<P, R>
}

/** The definition of a second factor. */
export interface SecondFactorDefinition<P extends object = object, R extends object = object>
  extends SecondFactorDescription<P, R> {
  create(needs: MethodNeeds): SecondFactorBehaviour<P, R>
}

/** The definition of a method that hands over proofs. */
export interface HandoverDefinition<P extends object = object> extends HandoverDescription<P> {
  create(needs: MethodNeeds): HandoverBehaviour<P>
}

/** The definition of a method. */
export type MethodDefinition = IdentityDefinition | SecondFactorDefinition | HandoverDefinition
