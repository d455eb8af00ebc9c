// The schema's types around an account: itself, its identities, its sessions, its tokens.
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'

const accountKinds = { ANONYMOUS: 'ANONYMOUS', PERSON: 'PERSON', SERVICE: 'SERVICE' } as const
registerEnumType(accountKinds, {
  name: 'AccountKind',
  description: 'What an account is.',
  valuesConfig: {
    ANONYMOUS: { description: 'A guest.' },
    PERSON: { description: 'Somebody who has proven an identity.' },
    SERVICE: { description: 'A machine.' },
  },
})

/** An account as the schema shows it. */
@ObjectType('Account', { description: 'A subject known here. Its id is `sub` in access tokens.' })
export class AccountType {
  @Field(() => ID, { description: 'UUIDv7; never changes.' })
  id!: string

  @Field(() => accountKinds, { description: 'Guest, person or machine.' })
  kind!: keyof typeof accountKinds

  @Field(() => String, { nullable: true, description: 'The public name, if one was picked.' })
  handle!: string | null

  @Field(() => Date, { description: 'When the account was provisioned.' })
  createdAt!: Date
}

/** An identity as the schema shows it. */
@ObjectType('Identity', { description: 'A (method, issuer, subject) that leads to the account.' })
export class IdentityType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => String, { description: 'How it is proven: `anonymous`, `key`.' })
  method!: string

  @Field(() => String, { description: 'Who names the subject: for keys the scheme, `ed25519`.' })
  issuer!: string

  @Field(() => String, { description: 'Unique with the issuer: for keys base64 of the 32 bytes.' })
  subject!: string

  @Field(() => String, { nullable: true, description: 'What its owner calls it.' })
  label!: string | null

  @Field(() => Date, { description: 'When it was linked.' })
  createdAt!: Date
}

/** A session as the schema shows it. */
@ObjectType('Session', { description: 'The period that one sign-in opened.' })
export class SessionType {
  @Field(() => ID, { description: 'UUIDv7; `sid` in access tokens.' })
  id!: string

  @Field(() => [String], { description: 'How its owner last proved who it is (RFC 8176).' })
  amr!: string[]

  @Field(() => String, { description: 'How strongly: `aal0` a guest, `aal1` one factor, `aal2` two.' })
  acr!: string

  @Field(() => Date, { description: 'When its owner last proved who it is.' })
  authenticatedAt!: Date

  @Field(() => Date, { description: 'When it was opened.' })
  startedAt!: Date

  @Field(() => Date, { description: 'When it was last refreshed.' })
  refreshedAt!: Date

  @Field(() => Date, { description: 'When it ends, however often refreshed.' })
  expiresAt!: Date
}

/** Tokens as the schema shows them. */
@ObjectType('Tokens', { description: 'A token to show, and one to get the next with.' })
export class TokensType {
  @Field(() => String, { description: 'A JWT (RFC 9068) that any service can check by itself.' })
  accessToken!: string

  @Field(() => String, { description: 'How to send the access token: always `Bearer` (RFC 6750).' })
  tokenType!: string

  @Field(() => Date, { description: 'When the access token expires.' })
  accessTokenExpiresAt!: Date

  @Field(() => String, { description: 'For `refreshSession`, once.' })
  refreshToken!: string

  @Field(() => Date, { description: 'When the refresh token expires.' })
  refreshTokenExpiresAt!: Date

  @Field(() => Date, { description: 'When the session ends, however often refreshed.' })
  sessionExpiresAt!: Date
}
