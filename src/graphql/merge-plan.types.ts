// The schema's types of the plan of a merge, and of the choices upon it.
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { MergeMove, MergeSide } from '../merge/decide-merge.js'
import { type MergeField, mergeFields } from '../merge/merge.js'
import type { MergePlan } from '../merge/plan-merge.js'
import { accountKinds } from './account.types.js'
import { mergeRules } from './merge-rule.types.js'

/** The fields as the schema names them. */
export const mergeFieldNames = Object.fromEntries(mergeFields.map((field) => [field, field])) as {
  readonly [Field in MergeField]: Field
}
registerEnumType(mergeFieldNames, {
  name: 'MergeField',
  description: 'What both accounts may have, and of which only one stays.',
  valuesConfig: {
    HANDLE: { description: 'The public name; the other one stays the account’s, given up.' },
    DISPLAY_NAME: { description: 'What its owner wants to be called.' },
    PRIMARY_EMAIL: { description: 'The primary one of the verified addresses.' },
    LOCALE: { description: 'The language of its mails.' },
    PASSWORD: { description: 'The password.' },
    TOTP: { description: 'The authenticator app.' },
  },
})

const moveKinds = {
  IDENTITY: 'IDENTITY',
  DEVICE: 'DEVICE',
  HANDLE: 'HANDLE',
  PASSWORD: 'PASSWORD',
  TOTP: 'TOTP',
  RECOVERY_CODES: 'RECOVERY_CODES',
} as const satisfies { readonly [What in MergeMove['what']]: What }
registerEnumType(moveKinds, {
  name: 'MergeMoveKind',
  description: 'What moves to the survivor.',
  valuesConfig: {
    IDENTITY: { description: 'Identities.' },
    DEVICE: { description: 'Devices.' },
    HANDLE: { description: 'Handles, in use or given up.' },
    PASSWORD: { description: 'The password.' },
    TOTP: { description: 'The authenticator app.' },
    RECOVERY_CODES: { description: 'The recovery codes.' },
  },
})

/** One account of a plan. */
@ObjectType('MergeSide', { description: 'One of the two accounts of a plan, as it is now.' })
export class MergeSideType {
  @Field(() => ID, { description: 'Its id.' })
  accountId!: string

  @Field(() => accountKinds, { description: 'Guest, person or machine.' })
  kind!: keyof typeof accountKinds

  @Field(() => String, { nullable: true, description: 'Its handle.' })
  handle!: string | null

  @Field(() => String, { nullable: true, description: 'What its owner wants to be called.' })
  displayName!: string | null

  @Field(() => Date, { description: 'When it was provisioned.' })
  createdAt!: Date

  @Field(() => Int, { description: 'Its identities, without the password.' })
  identities!: number

  @Field(() => Int, { description: 'Its devices.' })
  devices!: number
}

/** What moves. */
@ObjectType('MergeMove', { description: 'What moves to the survivor, and how many.' })
export class MergeMoveType {
  @Field(() => moveKinds, { description: 'What.' })
  what!: keyof typeof moveKinds

  @Field(() => Int, { description: 'How many.' })
  count!: number
}

/** What both have. */
@ObjectType('MergeConflict', {
  description: 'What both accounts have; without a choice the survivor’s stays.',
})
export class MergeConflictType {
  @Field(() => mergeFieldNames, { description: 'What.' })
  field!: MergeField

  @Field(() => String, { nullable: true, description: 'The survivor’s; null where it is a secret.' })
  survivorValue!: string | null

  @Field(() => String, { nullable: true, description: 'The other one’s; null where it is a secret.' })
  absorbedValue!: string | null
}

/** A plan as the schema shows it. */
@ObjectType('MergePlan', { description: 'What a merge of two accounts would do, before anything is done.' })
export class MergePlanType {
  @Field(() => String, { description: 'For `mergeAccounts`, once, by the same session, within 5 minutes.' })
  ticket!: string

  @Field(() => Date, { description: 'When the ticket expires.' })
  expiresAt!: Date

  @Field(() => MergeSideType, { description: 'The account that survives unless the other one is chosen.' })
  survivor!: MergeSideType

  @Field(() => MergeSideType, { description: 'The account that is absorbed.' })
  absorbed!: MergeSideType

  @Field(() => mergeRules, { description: 'The rule that chose the survivor.' })
  rule!: keyof typeof mergeRules

  @Field(() => String, { description: 'The rule in a sentence.' })
  why!: string

  @Field(() => [MergeMoveType], { description: 'What moves to the survivor.' })
  moves!: readonly MergeMoveType[]

  @Field(() => [MergeConflictType], { description: 'What both have, and of which one stays.' })
  conflicts!: readonly MergeConflictType[]
}

/** A choice. */
@InputType({ description: 'Whose value of a field stays.' })
export class MergeResolutionInput {
  @Field(() => mergeFieldNames, { description: 'What.' })
  field!: MergeField

  @Field(() => ID, { description: 'The id of the account whose value stays.' })
  from!: string
}

/** The input of `mergeAccounts`. */
@InputType({ description: 'A plan, and what was chosen.' })
export class MergeAccountsInput {
  @Field(() => String, { description: 'The ticket of the plan.' })
  ticket!: string

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the account that is to survive; left out, the rule decides.',
  })
  survivor?: string | null

  @Field(() => [MergeResolutionInput], {
    defaultValue: [],
    description: 'A choice for each conflict; without one the survivor’s value stays.',
  })
  resolutions!: MergeResolutionInput[]
}

const mergeSideOf = ({ account, identities, devices }: MergeSide): MergeSideType => ({
  accountId: account.id,
  kind: account.kind,
  handle: account.handle,
  displayName: account.displayName,
  createdAt: account.createdAt,
  identities,
  devices,
})

/** A plan as the schema shows it. */
export const mergePlanOf = (plan: MergePlan): MergePlanType => ({
  ticket: plan.ticket,
  expiresAt: plan.expiresAt,
  survivor: mergeSideOf(plan.survivor),
  absorbed: mergeSideOf(plan.absorbed),
  rule: plan.rule,
  why: plan.why,
  moves: plan.moves,
  conflicts: plan.conflicts,
})
