// Row: a row to be inserted, described by a store.
import type { EntityName } from '@mikro-orm/postgresql'
import type { Failure } from '../failure.js'

/**
 * The failures for violated constraints (SQLSTATE class 23), by the constraint's name. The violation of a constraint
 * that is not listed is a bug.
 */
export type Refusals = Readonly<Record<string, () => Failure>>

/** A row to insert. */
export interface Row {
  readonly entity: EntityName<object>
  /** By the names of the entity's properties. */
  readonly values: Readonly<Record<string, unknown>>
  readonly refusals: Refusals
  /** Rows that are always inserted with it; absent for none. */
  readonly beside?: readonly Row[]
}

/**
 * Instead of a value: a column that a change beside the row returned, of the one row that it changed. `statement` is
 * the name of the change's statement; null for the leading change (the first argument of `Call.change`).
 */
export class FromChange {
  constructor(
    readonly column: string,
    readonly statement: string | null = null,
  ) {}
}

/** A row of `entity`, with the failures for its constraints. */
export const rowOf = <E extends object>(
  entity: EntityName<E>,
  values: { readonly [K in Exclude<keyof E, symbol>]: E[K] | FromChange },
  refusals: Refusals = {},
): Row => ({ entity: entity as EntityName<object>, values, refusals })
