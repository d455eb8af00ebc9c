// The schema's types of a session and its tokens.
import { Field, ID, InputType, ObjectType } from 'type-graphql'

/** A session as the schema shows it. */
@ObjectType('Session', { simpleResolvers: true, description: 'The period that one sign-in opened.' })
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
@ObjectType('Tokens', {
  simpleResolvers: true,
  description: 'A token to show, and one to get the next with.',
})
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

/** The input of a refresh. */
@InputType({ description: 'The refresh token to exchange.' })
export class RefreshSessionInput {
  @Field(() => String, { description: 'The current refresh token of the session. Send no bearer with it.' })
  refreshToken!: string
}
