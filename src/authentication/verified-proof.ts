// What proofs have shown, once they are verified: control of an identity, or a second factor.
import type { Acr } from '../authorization/principal.js'
import type { Part } from '../database/change.js'
import type { CredentialStep, ProvenIdentity } from '../identities/identity.js'
import type { IdentityClaim } from '../identities/open-identity.js'
import type { IdentityMethod, SecondFactor } from '../methods/method.js'

/** The common result of all proofs. */
export interface Verified {
  /** RFC 8176 values of all proofs together. */
  readonly amr: readonly string[]
  /** The spent challenge and the method's writes, for the transaction of what the proof allows. */
  readonly writes: readonly Part[]
}

/** Control of an identity: by one proof, or by a first proof and a second factor. */
export interface VerifiedIdentity extends Verified {
  readonly kind: 'identity'
  readonly method: IdentityMethod
  readonly proven: ProvenIdentity
  readonly acr: Acr
  /** The handle that was requested with the challenge, in canonical form, or null. */
  readonly handle: string | null
  readonly deviceName: string | null
  readonly credential: CredentialStep | null
  /** The account whose owner a second factor has confirmed; null after a single proof. */
  readonly accountId: string | null
}

/** A second factor alone. The caller must also have a session of this account. */
export interface VerifiedSecondFactor extends Verified {
  readonly kind: 'second_factor'
  readonly method: SecondFactor
  readonly accountId: string
}

/** The result of a proof. */
export type VerifiedProof = VerifiedIdentity | VerifiedSecondFactor

/** What a sign-in claims by a proof: an unknown identity gets an account, if its method provisions and nobody is meant. */
export const claimOf = ({
  proven,
  acr,
  handle,
  credential,
  accountId,
  method,
}: VerifiedIdentity): IdentityClaim => ({
  proven,
  acr,
  handle,
  credential,
  accountId,
  whenUnknown:
    method.provisions === null || accountId !== null
      ? { act: 'refuse' }
      : { act: 'provision', kind: method.provisions },
})
