// The one interface of all methods: what a method is, in data, and apart from that what it does.
import type { AccountKind } from '../accounts/account.js'
import type { Acr } from '../authorization/principal.js'
import type { Challenge, ChallengeDraft, ChallengePurpose, FirstFactor } from '../challenges/challenge.js'
import type { HeldSecrets } from '../challenges/held-secrets.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Identities } from '../identities/identities.js'
import type { CredentialStep, ProvenIdentity } from '../identities/identity.js'
import type { MethodWords } from '../mail/words.js'
import type { Random } from '../runtime/random.js'

/** What every method is, whatever it does: the schema, the words of mails and the lists of clients follow from it. */
interface CommonDescription<P extends object, R extends object> {
  /** Stored in identity.method; never renamed. The name of its fields of `Proof` and `ChallengeRequest`. */
  readonly name: string
  /** What it is, in one sentence, for the schema. */
  readonly description: string
  /** What it is called in mails and lists. */
  readonly words: MethodWords
  /** One field of the GraphQL `Proof` input. */
  readonly proof: new () => P
  /** One field of `ChallengeRequest`, where proofs answer a challenge that clients ask for. */
  readonly request?: new () => R
  /** Whether a proof must answer a challenge. */
  readonly needsChallenge: boolean
}

/** A method that proves control of an identity (RFC 8176: authentication method). */
export interface IdentityDescription<P extends object = object, R extends object = object>
  extends CommonDescription<P, R> {
  readonly kind: 'identity'
  /** The kind of account that an unknown identity gets, or null where an unknown identity is refused. */
  readonly provisions: AccountKind | null
  /** True where the identity may join those of an account that has others. */
  readonly links: boolean
  /** True where the subject tells the owner which identity it is: a key, an address; false for a hash. */
  readonly showsSubject: boolean
}

/** A method that only confirms, after a first proof, that its maker is the owner of one account. */
export interface SecondFactorDescription<P extends object = object, R extends object = object>
  extends CommonDescription<P, R> {
  readonly kind: 'second_factor'
}

/** What a method is. */
export type MethodDescription = IdentityDescription | SecondFactorDescription

/** For what and for whom a challenge is asked. */
export interface ChallengeAim {
  readonly purpose: ChallengePurpose
  /** The account that the answer acts upon; null for a sign-in that begins. */
  readonly accountId: string | null
}

/** One proof with what it is to be checked against. */
export interface Attempt<P extends object = object> {
  readonly proof: P
  /** Null where the method needs none and none was given. */
  readonly challenge: Challenge | null
  readonly purpose: ChallengePurpose
  /** The account that the proof acts upon; null for a sign-in that begins. */
  readonly accountId: string | null
}

/** What every proof shows beside whose it is. */
interface Shown {
  /** RFC 8176 values of this proof. */
  readonly amr: readonly string[]
  /** What is written in the transaction of what the proof allows: a counter, a rehash, a key that no replay may use. */
  readonly writes: readonly Part[]
}

/** Control of an identity. */
export interface ShownIdentity extends Shown {
  readonly issuer: string
  readonly subject: string
  /** How strong the proof is by itself. */
  readonly acr: Acr
  /** What the client calls its device, or null. */
  readonly deviceName: string | null
  /** How the proof changes what later ones are checked against; null where the subject suffices, or nothing changes. */
  readonly credential: CredentialStep | null
}

/** That whoever made the first proof is the owner of the account that the challenge names. */
export interface ShownSecondFactor extends Shown {}

/** What every method does. */
interface CommonBehaviour<P extends object, R extends object> {
  /** What a challenge of this method asks, where clients may ask for one. Throws `BAD_USER_INPUT`. */
  challenge?(call: Call, request: R, aim: ChallengeAim): Promise<ChallengeDraft>
  /**
   * True for a proof that may be a guess: such tries count against a challenge that we keep. Without it none is. Throws
   * `BAD_USER_INPUT` for what cannot be the answer of any challenge, which is no try.
   */
  isGuess?(proof: P): boolean
  /**
   * The challenge by which the owner of an account completes the first proof; null where the account has nothing to
   * answer it with. Reads only. Without it the method completes no other.
   */
  challengeAfter?(call: Call, accountId: string, first: FirstFactor): Promise<ChallengeDraft | null>
}

/** What an identity method does. */
export interface IdentityBehaviour<P extends object = object, R extends object = object>
  extends CommonBehaviour<P, R> {
  /**
   * The identity that an attempt is about, in its one spelling, before anything is verified: tries are limited, and
   * failures counted, by it. Null where that is nobody in particular, or unknown yet. Costs nothing, for it is asked
   * before the limit, and then without a challenge that we hold.
   */
  about(attempt: Pick<Attempt<P>, 'proof' | 'challenge'>): Pick<ProvenIdentity, 'issuer' | 'subject'> | null
  /**
   * Reads only. A proof that does not hold is refused with `PROOF_REJECTED` and a private reason, one that is not even
   * well-formed may be with `BAD_USER_INPUT`.
   */
  verify(call: Call, attempt: Attempt<P>): Promise<ShownIdentity>
}

/** One proof of a second factor: its challenge names the account. */
export type SecondAttempt<P extends object = object> = Attempt<P> & {
  readonly challenge: Challenge
  readonly accountId: string
}

/** What a second factor does. */
export interface SecondFactorBehaviour<P extends object = object, R extends object = object>
  extends CommonBehaviour<P, R> {
  challengeAfter(call: Call, accountId: string, first: FirstFactor): Promise<ChallengeDraft | null>
  /** Verifies against a challenge that names the account. Reads only; refuses as an identity method does. */
  verify(call: Call, attempt: SecondAttempt<P>): Promise<ShownSecondFactor>
}

/** What methods are made with. */
export interface MethodNeeds {
  readonly random: Random
  readonly heldSecrets: HeldSecrets
  readonly identities: Identities
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
/** A way for a caller to prove something. */
export type Method = IdentityMethod | SecondFactor

/** An identity method before it is made: what it is, and how to make what it does. */
export interface IdentityDefinition<P extends object = object, R extends object = object>
  extends IdentityDescription<P, R> {
  create(needs: MethodNeeds): IdentityBehaviour<P, R>
}

/** A second factor before it is made. */
export interface SecondFactorDefinition<P extends object = object, R extends object = object>
  extends SecondFactorDescription<P, R> {
  create(needs: MethodNeeds): SecondFactorBehaviour<P, R>
}

/** A method before it is made. */
export type MethodDefinition = IdentityDefinition | SecondFactorDefinition
