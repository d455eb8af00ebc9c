// The one interface of all methods: a way for a caller to prove control of an identity.
import type { AccountKind } from '../accounts/account.js'
import type { Acr } from '../authorization/principal.js'
import type { Challenge, ChallengeDraft } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'

/** The identity that a proof has shown control of. */
export interface ProvenSubject {
  readonly issuer: string
  readonly subject: string
  /** What the client calls its device, or null. */
  readonly deviceName: string | null
}

/** A way for a caller to prove control of an identity (RFC 8176: authentication method). */
export interface Method<P extends object = object, R extends object = object> {
  /** Stored in identity.method; never renamed. The name of its fields of `Proof` and `ChallengeRequest`. */
  readonly name: string
  /** What it is, for the schema. */
  readonly description: string
  /** RFC 8176 values after a sign-in by this method. */
  readonly amr: readonly string[]
  /** The authentication context after a sign-in by this method. */
  readonly acr: Acr
  /** What an account is that this method provisions. */
  readonly provisions: AccountKind
  /** True where the identity may join those of an account that has others. */
  readonly links: boolean
  /** One field of the GraphQL `Proof` input. */
  readonly proof: new () => P
  /** One field of `ChallengeRequest`, where proofs answer a challenge. */
  readonly request?: new () => R
  /** What a challenge of this method asks. Throws `BAD_USER_INPUT`. */
  challenge?(call: Call, request: R): Promise<ChallengeDraft>
  /** True for a proof that may be a guess: such tries count against a challenge that we keep. Without it none is. */
  isGuess?(proof: P): boolean
  /**
   * Reads only. A proof that does not hold is refused with `PROOF_REJECTED` and a private reason, one that is not even
   * well-formed may be with `BAD_USER_INPUT`. `challenge` is null where the method has none.
   */
  verify(call: Call, proof: P, challenge: Challenge | null): Promise<ProvenSubject>
}
