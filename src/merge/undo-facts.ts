// What is known when a merge is to be undone: its journal beside what became of the rows.
import type { Merge, MergeSideName } from './merge.js'
import type { MergeRowFate } from './merge-row.js'

/** The tables of which a merge moves rows. */
export type JournalledTable = 'identity' | 'second_factor' | 'device' | 'handle'

/** A row of the journal beside what became of it. */
export interface JournalledRow {
  readonly table: JournalledTable
  readonly key: string
  readonly side: MergeSideName
  readonly fate: MergeRowFate
  /** The method of an identity, the kind of a second factor; else null. */
  readonly kind: string | null
  /** The subject of an identity, the key of a device, the name of a handle; null for a second factor. */
  readonly subject: string | null
  /** The row that is this one now: of the same id, or an identity of the same subject; null if there is none. */
  readonly now: { readonly id: string; readonly accountId: string; readonly isChanged: boolean } | null
}

/** A row that the survivor got after the merge. */
export interface LaterRow {
  readonly table: JournalledTable
  readonly id: string
  readonly kind: string | null
  readonly subject: string | null
}

/** The columns of an account that an undo may change. */
export interface UndoneColumns {
  readonly handle: string | null
  readonly displayName: string | null
  readonly locale: 'de' | 'en' | null
  readonly primaryEmail: string | null
}

/** What is known when a merge is to be undone. */
export interface UndoFacts {
  readonly merge: Pick<Merge, 'survivor' | 'absorbed' | 'before' | 'after'>
  /** The account to which the survivor leads now: itself, or one into which it was merged since. */
  readonly holder: { readonly id: string } & UndoneColumns
  readonly rows: readonly JournalledRow[]
  readonly later: readonly LaterRow[]
  /** The second factors that the holder has: kinds. */
  readonly heldKinds: readonly string[]
  /** The identity by which the undo is proven. */
  readonly proven: { readonly id: string; readonly accountId: string } | null
}
