// A merge: one account was absorbed by another. Kept for ever; what it changed can be restored until `undoableUntil`.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

/**
 * The rule that chose the survivor. `GUEST_INTO_ACCOUNT`: a guest proved an identity of another account.
 * `PERSON_OVER_GUEST`: a person is never absorbed by a guest. `OLDER_ACCOUNT`: of two persons the older one. `CHOSEN`:
 * the caller chose.
 */
export type MergeRule = 'GUEST_INTO_ACCOUNT' | 'PERSON_OVER_GUEST' | 'OLDER_ACCOUNT' | 'CHOSEN'

/** One of the two accounts of a merge. */
export type MergeSideName = 'survivor' | 'absorbed'

/** What both accounts of a merge may have, and only one value of which can stay. */
export const mergeFields = ['HANDLE', 'DISPLAY_NAME', 'PRIMARY_EMAIL', 'LOCALE', 'PASSWORD', 'TOTP'] as const

/** One of `mergeFields`. */
export type MergeField = (typeof mergeFields)[number]

/** The account whose value of a field stays. */
export interface MergeResolution {
  readonly field: MergeField
  /** The id of the account. */
  readonly from: string
}

/** A proof by which a merge or an undo was made. */
export interface MergeProof {
  readonly side: MergeSideName
  /** The proven identity; null if it was unlinked meanwhile. */
  readonly identityId: string | null
  readonly method: string
  /** RFC 8176 values. */
  readonly amr: readonly string[]
  /** An ISO 8601 time. */
  readonly at: string
}

/** The columns of an account that a merge may change. */
export type MergedColumns = Pick<
  Account,
  'kind' | 'level' | 'handle' | 'displayName' | 'locale' | 'primaryEmail' | 'signInNotices'
>

/** The columns of an account that a merge may change, copied from it. */
export const mergedColumnsOf = (account: MergedColumns): MergedColumns => ({
  kind: account.kind,
  level: account.level,
  handle: account.handle,
  displayName: account.displayName,
  locale: account.locale,
  primaryEmail: account.primaryEmail,
  signInNotices: account.signInNotices,
})

/** By what an undo was proven. */
export interface MergeUndoneBy {
  readonly accountId: string
  readonly identityId: string | null
  readonly method: string
}

/** The days in which a merge can be undone: whoever returns from a month of holidays can still object. */
export const undoableDays = 30

const MergeSchema = defineEntity({
  name: 'Merge',
  tableName: 'merge',
  properties: {
    id: p.uuid().primary(),
    survivor: () =>
      p.manyToOne(Account).mapToPk().fieldName('survivor_id').deleteRule('no action').index('merge_survivor'),
    absorbed: () =>
      p.manyToOne(Account).mapToPk().fieldName('absorbed_id').deleteRule('no action').index('merge_absorbed'),
    rule: p.text().$type<MergeRule>(),
    /** One plain sentence, which the audit entry has too. */
    why: p.text(),
    resolutions: p.json<readonly MergeResolution[]>(),
    /** One for each side. */
    proofs: p.json<readonly MergeProof[]>(),
    before: p.json<{ readonly survivor: MergedColumns; readonly absorbed: MergedColumns }>(),
    after: p.json<{ readonly survivor: MergedColumns }>(),
    mergedAt: p.datetime(),
    /** Until then it can be undone; after that its journal is purged. */
    undoableUntil: p.datetime().index('merge_undoable_until'),
    undoneAt: p.datetime().strictNullable(),
    undoneBy: p.json().$type<MergeUndoneBy>().strictNullable(),
    /** What the undo restored and what stayed, as `merge/undo-merge` describes it. */
    undoReport: p.json().$type<Readonly<Record<string, unknown>>>().strictNullable(),
  },
})

/** One account absorbed by another. */
export class Merge extends MergeSchema.class {}
MergeSchema.setClass(Merge)
