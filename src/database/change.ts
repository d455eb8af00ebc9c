// Change: an update, delete or conditional insert, described by a store, to be executed together with others.
import type { Failure } from '../failure.js'
import type { Statement } from './connection.js'
import type { Refusals, Row } from './row.js'

/**
 * A statement that changes existing rows, or reads and locks them. Several changes and rows are composed into one statement
 * (`Call.write`), which PostgreSQL executes on one snapshot. Therefore a change
 * - has its condition in its own `where`;
 * - does not see rows that are inserted beside it, so the row itself must have its final values;
 * - must be the only one that changes a given row: of two, one would be lost without an error.
 */
export interface Change {
  /**
   * An `update`, `delete` or `insert … on conflict … returning`, or a `select … for share`, with placeholders `$1`,
   * `$2`, … A parameter whose type PostgreSQL cannot infer needs a cast. It had an effect if it returned a row.
   */
  readonly statement: Statement
  readonly values: readonly unknown[]
  /**
   * Makes a change required: if it has no effect, nothing is written and this failure is thrown. Absent for a change
   * that may have no effect.
   */
  readonly otherwise?: () => Failure
  /** The failures for constraints that it may violate. */
  readonly refusals?: Refusals
}

/** A part of a composed statement: a row to insert, or a change. */
export type Part = Row | Change

/** The parts with the rows that go beside theirs. */
export const withBeside = (parts: readonly Part[]): readonly Part[] =>
  parts.some((part) => !isChange(part) && part.beside !== undefined)
    ? parts.flatMap((part): Part[] => (isChange(part) ? [part] : [part, ...(part.beside ?? [])]))
    : parts

/** True for a change. */
export const isChange = (part: Part): part is Change => 'statement' in part
