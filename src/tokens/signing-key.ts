// A signing key: the Ed25519 pair that signs access tokens for a time.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JWK } from 'jose'

const SigningKeySchema = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_key',
  properties: {
    /** The RFC 7638 thumbprint of the public key. */
    kid: p.text().primary(),
    publicJwk: p.json<JWK>(),
    /** The private JWK, sealed under a key from IDEM_SECRET. */
    sealedPrivateJwk: p.text(),
    createdAt: p.datetime(),
    /** From then on it signs, until a newer one does. */
    signsFrom: p.datetime(),
  },
})

/** The Ed25519 pair that signs access tokens from `signsFrom` until a newer one does. */
export class SigningKey extends SigningKeySchema.class {}
SigningKeySchema.setClass(SigningKey)
