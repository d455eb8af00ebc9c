// An identity: a (method, issuer, subject) that leads to one account.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'
import type { JsonObject } from '../database/json.js'

const IdentitySchema = defineEntity({
  name: 'Identity',
  tableName: 'identity',
  uniques: [{ name: 'identity_method_issuer_subject', properties: ['method', 'issuer', 'subject'] }],
  properties: {
    id: p.uuid().primary(),
    account: () => p.manyToOne(Account).mapToPk().index('identity_account'),
    /** The name of the method that proves it; never renamed. */
    method: p.text(),
    /** The namespace of the subject: a key scheme, a chain, an OIDC issuer. */
    issuer: p.text(),
    /** Unique within the issuer: a public key, an address, an OIDC subject. */
    subject: p.text(),
    /** The owner's label. */
    label: p.text().strictNullable(),
    /** What the method checks proofs against, which only the method parses; null if the subject suffices. */
    credential: p.json().$type<JsonObject>().strictNullable(),
    createdAt: p.datetime(),
    /** The number of failed proofs since the last valid one. */
    failedProofs: p.integer(),
    /** The time of the last failed proof, or null. */
    lastFailedAt: p.datetime().strictNullable(),
    /** The time of the last valid proof, up to a minute early; null if there was none since this is recorded. */
    lastUsedAt: p.datetime().strictNullable(),
  },
})

/** A (method, issuer, subject) that leads to one account. */
export class Identity extends IdentitySchema.class {}
IdentitySchema.setClass(Identity)

/** The method of passwords. A password opens an account only together with a second factor, so it raises the level. */
export const passwordMethodName = 'password'

/** A change of an identity's credential by a proof. */
export interface CredentialStep {
  /**
   * The credential against which the proof was checked, or the part of it that must not have changed since; null if the
   * proof registers the identity.
   */
  readonly from: JsonObject | null
  /** The credential for the next proof. */
  readonly to: JsonObject
}

/** A new identity, without failed proofs; the proof that adds it is its first use. */
export const newIdentity = (
  identity: Omit<Identity, 'failedProofs' | 'lastFailedAt' | 'lastUsedAt'>,
): Identity => ({
  ...identity,
  failedProofs: 0,
  lastFailedAt: null,
  lastUsedAt: identity.createdAt,
})

/** The identity of which a proof has shown control. */
export interface ProvenIdentity {
  readonly method: string
  readonly issuer: string
  readonly subject: string
}
