// Change: one update, delete or guarded insert, as a noun describes it, to be written together with others.
import type { Failure } from '../failure.js'
import type { Statement } from './connection.js'
import type { Refusals, Row } from './row.js'

/**
 * One statement that changes what is there, or that looks at it and locks it. Several changes and rows are written as
 * one statement (`Call.write`), and PostgreSQL runs them on one and the same snapshot. So a change
 * - carries its own condition in its `where`;
 * - sees no row that is inserted beside it: what a new row is to hold is said in the row;
 * - is the only one beside it that changes a given row: of two, one would be lost without an error.
 */
export interface Change {
  /**
   * An `update`, `delete` or `insert … on conflict … returning`, or a `select … for share`. Its placeholders are `$1`,
   * `$2`, …; a parameter whose type PostgreSQL cannot infer has a cast. It took effect when it returned a row.
   */
  readonly statement: Statement
  readonly values: readonly unknown[]
  /**
   * Given where the change must take effect: makes the failure that is thrown when it did not; then nothing at all is
   * written. Absent where it may have no effect.
   */
  readonly otherwise?: () => Failure
  /** The failures that the constraints which it may violate amount to. */
  readonly refusals?: Refusals
}

/** What is written together with others, as one statement: a row to insert, or a change. */
export type Part = Row | Change

/** True for a part that is a change. */
export const isChange = (part: Part): part is Change => 'statement' in part
