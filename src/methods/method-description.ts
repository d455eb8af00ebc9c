// The static descriptions of methods: what is known of one before it is made.
import type { AccountKind } from '../accounts/account.js'
import type { MethodWords } from '../mail/words.js'
import type { MethodForm } from './form.js'

/** The common description of methods, from which the schema, the texts of mails and the lists of clients are made. */
interface CommonDescription<P extends object, R extends object> {
  /** Stored in identity.method; never renamed. The name of its fields of `Proof` and `ChallengeRequest`. */
  readonly name: string
  /** A sentence for the schema. */
  readonly description: string
  /** Its names in mails and lists. */
  readonly words: MethodWords
  /** The type of its field in the GraphQL input `Proof`. */
  readonly proof: new () => P
  /** The type of its field in `ChallengeRequest`, if clients may request a challenge. */
  readonly request?: new () => R
  /** Whether a proof must answer a challenge. */
  readonly needsChallenge: boolean
  /** How people use it at the sign-in page; absent for methods of programs. */
  readonly form?: MethodForm
}

/** A method that proves control of an identity (RFC 8176: authentication method). */
export interface IdentityDescription<P extends object = object, R extends object = object>
  extends CommonDescription<P, R> {
  readonly kind: 'identity'
  /** The kind of account that is made for an unknown identity; null if an unknown identity is refused. */
  readonly provisions: AccountKind | null
  /** True if the identity may be linked to an account that has others. */
  readonly links: boolean
  /** True if the subject identifies the identity for its owner: a key or an address; false for a hash. */
  readonly showsSubject: boolean
}

/** A method that only confirms, after a first proof, that the caller is the owner of an account. */
export interface SecondFactorDescription<P extends object = object, R extends object = object>
  extends CommonDescription<P, R> {
  readonly kind: 'second_factor'
}

/** A method that hands over what another method has proven elsewhere. It has no identities and no challenges of its own. */
export interface HandoverDescription<P extends object = object> extends CommonDescription<P, object> {
  readonly kind: 'handover'
}

/** The description of a method. */
export type MethodDescription = IdentityDescription | SecondFactorDescription | HandoverDescription
