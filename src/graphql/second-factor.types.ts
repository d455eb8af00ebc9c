// The schema's types of second factors.
import { Field, Int, ObjectType } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import type { Tokens } from '../sessions/issue-tokens.js'
import { AccountType } from './account.types.js'
import { TokensType } from './session.types.js'

/** A second factor as the schema shows it. */
@ObjectType('SecondFactor', {
  simpleResolvers: true,
  description: 'What completes a first proof of the account, beside mails to its address and its password.',
})
export class SecondFactorType {
  @Field(() => String, { description: 'Its method: `totp` or `recoveryCode`.' })
  method!: string

  @Field(() => Date, { description: 'When it was added.' })
  createdAt!: Date

  @Field(() => Date, { nullable: true, description: 'When it was last used.' })
  lastUsedAt!: Date | null

  @Field(() => Int, { nullable: true, description: 'How many recovery codes are left; null for others.' })
  codesLeft!: number | null
}

/** An enrolment as the schema shows it. */
@ObjectType({
  simpleResolvers: true,
  description: 'A secret for an authenticator app, shown once. It counts for nothing before `confirmTotp`.',
})
export class TotpEnrolment {
  @Field(() => String, { description: 'The secret in base32, for typing. Keep it to yourself.' })
  secret!: string

  @Field(() => String, { description: 'The `otpauth:` URI, which an authenticator app opens.' })
  uri!: string

  @Field(() => String, { description: 'The URI as a QR code: an SVG image.' })
  qrCode!: string

  @Field(() => Date, { description: 'Until when it can be confirmed.' })
  expiresAt!: Date
}

/** The result of a confirmation. */
@ObjectType({ simpleResolvers: true, description: 'What came of confirming an authenticator app.' })
export class TotpConfirmation {
  @Field(() => AccountType, { description: 'The account, which from now on asks for two factors.' })
  account!: Account

  @Field(() => TokensType, { description: 'Tokens of the same session, which has shown two factors now.' })
  tokens!: Tokens
}
