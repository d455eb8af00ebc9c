// The schema's types of an account and its identities.
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
