// A row of a merge's journal: what became of one row of a table, and the row as it was where an undo needs it.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Merge, type MergeSideName } from './merge.js'

/**
 * `moved`: the row belongs to the survivor now. `removed`: it was deleted. `held`: it stayed; listed for identities of
 * the survivor, so that an undo knows what each side held.
 */
export type MergeRowFate = 'moved' | 'removed' | 'held'

const MergeRowSchema = defineEntity({
  name: 'MergeRow',
  tableName: 'merge_row',
  indexes: [
    {
      name: 'merge_row_subject',
      expression: `create index "merge_row_subject" on "merge_row" (("row"->>'subject')) where "table_name" = 'identity'`,
    },
  ],
  properties: {
    merge: () => p.manyToOne(Merge).mapToPk().primary().deleteRule('cascade'),
    tableName: p.text().primary(),
    /** The primary key of the row, as text. */
    rowKey: p.text().primary(),
    /** The account to which the row belonged before. */
    side: p.text().$type<MergeSideName>(),
    fate: p.text().$type<MergeRowFate>(),
    /** The row before the merge, as `to_jsonb` gives it: always for `removed` and for identities; otherwise null. */
    row: p.json().$type<Readonly<Record<string, unknown>>>().strictNullable(),
  },
})

/** What became of one row by a merge. */
export class MergeRow extends MergeRowSchema.class {}
MergeRowSchema.setClass(MergeRow)
