// Row: one row to be inserted, as a noun describes it.
import type { EntityName } from '@mikro-orm/postgresql'
import type { Failure } from '../failure.js'

/**
 * The failure that each constraint of the schema amounts to when it refuses (SQLSTATE class 23), by the constraint's
 * name. A constraint that is not listed is one that is never violated: when it is, that is a bug.
 */
export type Refusals = Readonly<Record<string, () => Failure>>

/** One row to insert. */
export interface Row {
  readonly entity: EntityName<object>
  /** By the names of the entity's properties. */
  readonly values: Readonly<Record<string, unknown>>
  readonly refusals: Refusals
}

/**
 * In the place of a row's value: a column that a change beside it returned, of the one row that it changed. `statement`
 * names the change's statement; null is the change that leads (the first argument of `Call.change`).
 */
export class FromChange {
  constructor(
    readonly column: string,
    readonly statement: string | null = null,
  ) {}
}

/** A row of `entity`, with the failures that its constraints amount to. */
export const rowOf = <E extends object>(
  entity: EntityName<E>,
  values: { readonly [K in Exclude<keyof E, symbol>]: E[K] | FromChange },
  refusals: Refusals = {},
): Row => ({ entity: entity as EntityName<object>, values, refusals })
