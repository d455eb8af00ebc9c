// The schema's types of an account and its identities.
import { Directive, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import type { Identity } from '../identities/identity.js'
import { locales } from '../mail/locale.js'

const localeList = locales.map((locale) => `\`${locale}\``).join(', ')

/** The kinds as the schema names them. */
export const accountKinds = { ANONYMOUS: 'ANONYMOUS', PERSON: 'PERSON', SERVICE: 'SERVICE' } as const
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
@ObjectType('Account', {
  simpleResolvers: true,
  description: 'A subject known here. Its id is `sub` in access tokens.',
})
export class AccountType {
  @Field(() => ID, { description: 'UUIDv7; never changes.' })
  id!: string

  @Field(() => accountKinds, { description: 'Guest, person or machine.' })
  kind!: keyof typeof accountKinds

  @Field(() => String, { nullable: true, description: 'The public name, if one was picked.' })
  handle!: string | null

  @Field(() => String, { nullable: true, description: 'What its owner wants to be called; never trusted.' })
  displayName!: string | null

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Field(() => String, {
    nullable: true,
    description: `The language of its mails, one of ${localeList}; null: that of whoever asks for one.`,
  })
  locale!: string | null

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Field(() => Boolean, {
    description: 'Whether a sign-in from a new device is told by mail. What protects the account always is.',
  })
  signInNotices!: boolean

  @Field(() => Date, { description: 'When the account was provisioned.' })
  createdAt!: Date

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Field(() => Date, {
    nullable: true,
    description:
      'When the account will be deleted, unless its owner calls cancelAccountDeletion; null: it stays.',
  })
  deletionDueAt!: Date | null
}

/** A verified address as the schema shows it. */
@ObjectType('EmailAddress', {
  simpleResolvers: true,
  description: 'An email address whose control was proven.',
})
export class EmailAddressType {
  @Field(() => ID, { description: 'The id of the identity: for `unlinkIdentity`.' })
  id!: string

  @Field(() => String, { description: 'In its one spelling: lower case, the domain by A-labels.' })
  address!: string

  @Field(() => Boolean, {
    description: 'True for the one that its owner reads first: the chosen one, else the oldest.',
  })
  primary!: boolean

  @Field(() => Date, { description: 'When control of it was proven.' })
  verifiedAt!: Date
}

/** The addresses of an account. Exactly one is primary: the chosen one, otherwise the first. */
export const emailAddressesOf = (
  { primaryEmail }: Pick<Account, 'primaryEmail'>,
  addresses: readonly Identity[],
): EmailAddressType[] => {
  const primary = addresses.find(({ subject }) => subject === primaryEmail) ?? addresses[0]
  return addresses.map((identity) => ({
    id: identity.id,
    address: identity.subject,
    primary: identity === primary,
    verifiedAt: identity.createdAt,
  }))
}

/** The input of a change of the profile. */
@InputType({ description: 'What to change of my profile: what is left out stays, null clears.' })
export class UpdateProfileInput {
  @Field(() => String, {
    nullable: true,
    description: 'What I want to be called: at most 100 characters, all of them visible.',
  })
  displayName?: string | null

  @Field(() => String, { nullable: true, description: `The language of my mails: one of ${localeList}.` })
  locale?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The address that I read first: one of my verified ones, in any spelling.',
  })
  primaryEmail?: string | null

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether a sign-in from a new device is told by mail. Cannot be null. Turning it off needs a recent authentication; else STEP_UP_REQUIRED.',
  })
  signInNotices?: boolean | null
}

/** An identity as the schema shows it. */
@ObjectType('Identity', {
  simpleResolvers: true,
  description: 'A (method, issuer, subject) that leads to the account.',
})
export class IdentityType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => String, { description: 'The name of the method that proves it: `anonymous`, `key`, `email`.' })
  method!: string

  @Field(() => String, { description: 'Who names the subject: for keys the scheme, `ed25519`.' })
  issuer!: string

  @Field(() => String, { description: 'Unique with the issuer: for keys base64 of the 32 bytes.' })
  subject!: string

  @Field(() => String, { nullable: true, description: 'What its owner calls it.' })
  label!: string | null

  @Field(() => Date, { description: 'When it was linked.' })
  createdAt!: Date

  @Field(() => Int, {
    description:
      'How many proofs of it failed, over all networks, since the last one that held: a sign of an attack.',
  })
  failedProofs!: number

  @Field(() => Date, { nullable: true, description: 'When a proof of it last failed.' })
  lastFailedAt!: Date | null

  @Field(() => Date, {
    nullable: true,
    description: 'When a proof of it last held, up to a minute early; null: not since this is recorded.',
  })
  lastUsedAt!: Date | null
}
