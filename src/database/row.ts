// Row: one row to be inserted, as a noun describes it.
import type { EntityName } from '@mikro-orm/postgresql'
import { Failure } from '../failure.js'

/** One row to insert, and how to refuse when a unique index says that it is taken. */
export interface Row {
  readonly entity: EntityName<object>
  readonly values: Readonly<Record<string, unknown>>
  readonly taken: () => Failure
}

/** In the place of a row's value: that column of the row which the conditional change returned. */
export class FromChange {
  constructor(readonly column: string) {}
}

/** A row of `entity`. `taken` makes the refusal for a unique violation; without it one is a bug. */
export const rowOf = <E extends object>(
  entity: EntityName<E>,
  values: { readonly [K in Exclude<keyof E, symbol>]: E[K] | FromChange },
  taken: () => Failure = () =>
    new Failure('INTERNAL', undefined, { reason: 'a unique value was made twice' }),
): Row => ({ entity: entity as EntityName<object>, values, taken })
