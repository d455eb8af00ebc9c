// The schema's types of merges: the record of one, who was told of it, and the plan of an undo.
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import type { Merge, MergeProof, MergeSideName } from '../merge/merge.js'
import type { UndoItem, UndoneThing } from '../merge/undo-item.js'
import { mergeRules } from './merge-rule.types.js'

/** The sides as the schema names them. */
export const mergeSides = { SURVIVOR: 'survivor', ABSORBED: 'absorbed' } as const satisfies Readonly<
  Record<string, MergeSideName>
>
registerEnumType(mergeSides, {
  name: 'MergeSideName',
  description: 'One of the two accounts of a merge.',
  valuesConfig: {
    SURVIVOR: { description: 'The one that stayed.' },
    ABSORBED: { description: 'The one whose id leads to the other.' },
  },
})

/** How one of the accounts was proven. */
@ObjectType('MergeProof', {
  simpleResolvers: true,
  description: 'How it was proven that one of the accounts is the merging person’s.',
})
export class MergeProofType implements MergeProof {
  @Field(() => mergeSides, { description: 'Which of the accounts.' })
  side!: MergeSideName

  @Field(() => ID, { nullable: true, description: 'The proven identity; null if it was gone by then.' })
  identityId!: string | null

  @Field(() => String, { description: 'Its method.' })
  method!: string

  @Field(() => [String], { description: 'RFC 8176 values of all proofs together.' })
  amr!: readonly string[]

  @Field(() => Date, { description: 'When it was proven.' })
  at!: string
}

/** Whether a system behind Idem has acknowledged a merge. */
@ObjectType('MergeAcknowledgement', {
  simpleResolvers: true,
  description: 'A system that was told of a merge or its undo by a webhook.',
})
export class MergeAcknowledgementType {
  @Field(() => ID, { description: 'The id of the endpoint.' })
  endpointId!: string

  @Field(() => String, { nullable: true, description: 'What the operators call it.' })
  description!: string | null

  @Field(() => String, { description: '`account.merged` or `account.unmerged`.' })
  type!: string

  @Field(() => Date, { nullable: true, description: 'When it answered with success; null while it has not.' })
  acknowledgedAt!: Date | null
}

/** A merge as the schema shows it. */
@ObjectType('Merge', { simpleResolvers: true, description: 'Two accounts of one person that became one.' })
export class MergeType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => ID, { description: 'The account that stayed.' })
  survivorId!: string

  @Field(() => ID, { description: 'The account whose id leads to the survivor.' })
  absorbedId!: string

  @Field(() => mergeRules, { description: 'By which rule the survivor stayed.' })
  rule!: Merge['rule']

  @Field(() => String, { description: 'The rule in a sentence, as in the plan and the audit log.' })
  why!: string

  @Field(() => [MergeProofType], { description: 'The two proofs.' })
  proofs!: readonly MergeProof[]

  @Field(() => Date, { description: 'When they were merged.' })
  mergedAt!: Date

  @Field(() => Date, { description: 'Until when it can be undone.' })
  undoableUntil!: Date

  @Field(() => Date, { nullable: true, description: 'When it was undone, or null.' })
  undoneAt!: Date | null
}

/** A merge as it is stored, as the schema shows it. */
export const shownMerge = ({ survivor, absorbed, ...merge }: Merge): MergeType => ({
  ...merge,
  survivorId: survivor,
  absorbedId: absorbed,
})

/** The things as the schema names them. */
export const undoneThings = {
  IDENTITY: 'IDENTITY',
  PASSWORD: 'PASSWORD',
  TOTP: 'TOTP',
  RECOVERY_CODES: 'RECOVERY_CODES',
  DEVICE: 'DEVICE',
  HANDLE: 'HANDLE',
  DISPLAY_NAME: 'DISPLAY_NAME',
  LOCALE: 'LOCALE',
  PRIMARY_EMAIL: 'PRIMARY_EMAIL',
} as const satisfies { readonly [Thing in UndoneThing]: Thing }
registerEnumType(undoneThings, {
  name: 'MergeUndoThing',
  description: 'What an undo restores or leaves.',
  valuesConfig: {
    IDENTITY: { description: 'An identity.' },
    PASSWORD: { description: 'The password.' },
    TOTP: { description: 'The authenticator app.' },
    RECOVERY_CODES: { description: 'The recovery codes.' },
    DEVICE: { description: 'A device.' },
    HANDLE: { description: 'A handle.' },
    DISPLAY_NAME: { description: 'The display name.' },
    LOCALE: { description: 'The language.' },
    PRIMARY_EMAIL: { description: 'The primary address.' },
  },
})

/** An item of the plan of an undo. */
@ObjectType('MergeUndoItem', {
  simpleResolvers: true,
  description: 'A thing that an undo restores or leaves.',
})
export class MergeUndoItemType implements UndoItem {
  @Field(() => undoneThings, { description: 'What it is.' })
  what!: UndoneThing

  @Field(() => String, { nullable: true, description: 'Its id; null for a field of the account.' })
  id!: string | null

  @Field(() => String, { description: 'In plain words.' })
  description!: string
}

/** The plan of an undo. */
@ObjectType('MergeUndoPlan', {
  simpleResolvers: true,
  description: 'What an undo of a merge would do. Nothing has changed yet.',
})
export class MergeUndoPlanType {
  @Field(() => MergeType, { description: 'The merge.' })
  merge!: MergeType

  @Field(() => [MergeUndoItemType], { description: 'What the undo restores.' })
  restores!: readonly UndoItem[]

  @Field(() => [MergeUndoItemType], {
    description: 'What was added or changed since the merge, and stays with the survivor.',
  })
  stays!: readonly UndoItem[]
}
