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
    /** What the method checks proofs against, parsed by it alone; null where the subject suffices. */
    credential: p.json().$type<JsonObject>().strictNullable(),
    createdAt: p.datetime(),
    /** How many proofs of it failed since the last one that held. */
    failedProofs: p.integer(),
    /** When a proof of it last failed, or null. */
    lastFailedAt: p.datetime().strictNullable(),
  },
})

/** A (method, issuer, subject) that leads to one account. */
export class Identity extends IdentitySchema.class {}
IdentitySchema.setClass(Identity)

/** How a proof changes the credential of its identity. */
export interface CredentialStep {
  /** What the proof was checked against; null where the identity is registered by it. */
  readonly from: JsonObject | null
  /** What the next proof is checked against. */
  readonly to: JsonObject
}

/** An identity as it is made: no proof of it has failed yet. */
export const newIdentity = (identity: Omit<Identity, 'failedProofs' | 'lastFailedAt'>): Identity => ({
  ...identity,
  failedProofs: 0,
  lastFailedAt: null,
})

/** The identity of which a proof has shown control. */
export interface ProvenIdentity {
  readonly method: string
  readonly issuer: string
  readonly subject: string
}
