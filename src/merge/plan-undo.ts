// Plans the undo of a merge from the journal and what became of its rows: what returns, what is made again, what stays.
import { type Judged, judgeRow, type Verdict } from './judge-row.js'
import type { MergeSideName } from './merge.js'
import { planUndoneColumns } from './plan-undone-columns.js'
import type { JournalledTable, UndoFacts, UndoneColumns } from './undo-facts.js'
import { laterItem, restoredItem, stayingItem, type UndoItem } from './undo-item.js'

/** What happens to the rows of a table. */
export interface UndoneRows {
  /** The present ids of rows that return to the absorbed account. */
  readonly returned: readonly string[]
  /** The keys of journalled rows that are made again, each on its side. */
  readonly remade: readonly string[]
}

/** The plan of an undo. */
export interface UndoPlan {
  readonly identity: UndoneRows
  readonly second_factor: UndoneRows
  readonly device: UndoneRows
  /** Returned handles; the survivor's own get their former state if its handle does. */
  readonly handle: { readonly returned: readonly string[]; readonly areOwnRestored: boolean }
  /** The side to which the proven identity returns from a third account; null if it is on none. */
  readonly provenReturnsTo: MergeSideName | null
  /** Columns of the holder that change. */
  readonly holder: Partial<UndoneColumns>
  /** Columns of the absorbed account that change. */
  readonly absorbed: Pick<UndoneColumns, 'handle' | 'primaryEmail'>
  readonly restores: readonly UndoItem[]
  readonly stays: readonly UndoItem[]
}

/** Plans the undo. Pure: the plan that is shown and the undo that is done are this one. */
export const planUndo = (facts: UndoFacts): UndoPlan => {
  const judged = facts.rows.map((row): Judged => ({ row, verdict: judgeRow(row, facts) }))
  const identity = rowsOf(judged, 'identity')
  const handleReturns = keysOf(judged, 'handle', 'return')
  const columns = planUndoneColumns(judged, facts)
  return {
    identity,
    second_factor: rowsOf(judged, 'second_factor'),
    device: rowsOf(judged, 'device'),
    handle: { returned: handleReturns, areOwnRestored: columns.isHandleRestored },
    provenReturnsTo: judged.find(({ verdict }) => verdict === 'proven')?.row.side ?? null,
    holder: columns.holder,
    absorbed: columns.absorbed,
    restores: [...judged.flatMap(restoredItem), ...columns.restores],
    stays: [...judged.flatMap(stayingItem), ...columns.stays, ...facts.later.map(laterItem)],
  }
}

const rowsOf = (judged: readonly Judged[], table: JournalledTable): UndoneRows => ({
  returned: judged.flatMap(({ row, verdict }) =>
    row.table === table && verdict === 'return' && row.now !== null ? [row.now.id] : [],
  ),
  remade: keysOf(judged, table, 'remake'),
})

const keysOf = (judged: readonly Judged[], table: JournalledTable, wanted: Verdict): string[] =>
  judged.flatMap(({ row, verdict }) => (row.table === table && verdict === wanted ? [row.key] : []))
