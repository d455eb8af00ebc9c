// A signing key: the Ed25519 key pair that signs access tokens during a period.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JWK } from 'jose'

const SigningKeySchema = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_key',
  properties: {
    /** The RFC 7638 thumbprint of the public key. */
    kid: p.text().primary(),
    publicJwk: p.json<JWK>(),
    /** The private JWK, encrypted with a key from IDEM_SECRET. */
    sealedPrivateJwk: p.text(),
    createdAt: p.datetime(),
    /** The start of the period in which it signs; the period ends when a newer key signs. */
    signsFrom: p.datetime(),
  },
})

/** The Ed25519 key pair that signs access tokens from `signsFrom` until a newer one signs. */
export class SigningKey extends SigningKeySchema.class {}
SigningKeySchema.setClass(SigningKey)
