// The schema's types for operators: accounts, jobs, and pages of them.
import { GraphQLJSONObject } from 'graphql-scalars'
import { ArgsType, Field, ID, Int, ObjectType } from 'type-graphql'
import { mostAddressesShown } from '../operators/account-record.js'
import { accountKinds, EmailAddressType } from './account.types.js'
import { PageArguments, PageInfo } from './page.js'

/** An account as its operators see it. */
@ObjectType('AccountRecord', {
  description: 'An account as operators see it: enough to find it and to decide, not what its owner does.',
})
export class AccountRecordType {
  @Field(() => ID, { description: 'UUIDv7; never changes.' })
  id!: string

  @Field(() => accountKinds, { description: 'Guest, person or machine.' })
  kind!: keyof typeof accountKinds

  @Field(() => String, { nullable: true, description: 'The public name, if one was picked.' })
  handle!: string | null

  @Field(() => String, { nullable: true, description: 'What its owner wants to be called; never trusted.' })
  displayName!: string | null

  @Field(() => [EmailAddressType], {
    description: `The first ${mostAddressesShown} verified addresses, oldest first, the primary one among them.`,
  })
  emails!: EmailAddressType[]

  @Field(() => Int, {
    description:
      'How many proofs of its identities failed, over all networks, since the last one of the same identity that held.',
  })
  failedProofs!: number

  @Field(() => Date, { description: 'When the account was provisioned.' })
  createdAt!: Date

  @Field(() => Date, {
    nullable: true,
    description: 'Since when nobody can sign in to it; null while it is open.',
  })
  suspendedAt!: Date | null

  @Field(() => Date, {
    nullable: true,
    description: 'When it will be deleted unless its owner cancels that; null: it stays.',
  })
  deletionDueAt!: Date | null

  @Field(() => Date, {
    nullable: true,
    description: 'When it was deleted: only its id and times are left, and nobody can sign in to it.',
  })
  deletedAt!: Date | null
}

/** The input of the list of accounts. */
@ArgsType()
export class AccountsArguments extends PageArguments {
  @Field(() => String, {
    nullable: true,
    description: 'A handle, in use or given up; a verified email address; or how the id begins.',
  })
  search?: string | null
}

/** One account of a page. */
@ObjectType({ description: 'One account of a page.' })
export class AccountEdge {
  @Field(() => String, { description: 'For `after`, to go on behind it.' })
  cursor!: string

  @Field(() => AccountRecordType, { description: 'The account.' })
  node!: AccountRecordType
}

/** A page of accounts. */
@ObjectType({ description: 'A page of accounts, the newest first.' })
export class AccountConnection {
  @Field(() => [AccountEdge], { description: 'The accounts.' })
  edges!: readonly AccountEdge[]

  @Field(() => PageInfo, { description: 'Where the page ends.' })
  pageInfo!: PageInfo
}

/** The numbers of jobs by state. */
@ObjectType({ description: 'How many background jobs stand where.' })
export class JobCounts {
  @Field(() => Int, { description: 'Asked for, and not yet handed to the queue.' })
  waiting!: number

  @Field(() => Int, { description: 'Handed to the queue, and not yet done.' })
  underWay!: number

  @Field(() => Int, { description: 'Given up, until somebody retries them.' })
  failed!: number
}

/** A job that failed in all tries, as the schema shows it. */
@ObjectType('FailedJob', { description: 'A background job that was given up after its last try.' })
export class FailedJobType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => String, { description: 'What was to be done: `send-mail`, `send-notices`.' })
  name!: string

  @Field(() => GraphQLJSONObject, { description: 'Upon what: ids, never data.' })
  payload!: object

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date

  @Field(() => Date, { description: 'When it was given up.' })
  failedAt!: Date

  @Field(() => String, { description: 'Why.' })
  failure!: string
}

/** One failed job of a page. */
@ObjectType({ description: 'One failed job of a page.' })
export class FailedJobEdge {
  @Field(() => String, { description: 'For `after`, to go on behind it.' })
  cursor!: string

  @Field(() => FailedJobType, { description: 'The job.' })
  node!: FailedJobType
}

/** A page of failed jobs. */
@ObjectType({ description: 'A page of failed jobs, the oldest first.' })
export class FailedJobConnection {
  @Field(() => [FailedJobEdge], { description: 'The jobs.' })
  edges!: readonly FailedJobEdge[]

  @Field(() => PageInfo, { description: 'Where the page ends.' })
  pageInfo!: PageInfo
}
