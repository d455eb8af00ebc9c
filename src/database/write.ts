// Writes the rows and changes of one act as one statement, and says in the act's own words why one was refused.
import { Failure } from '../failure.js'
import { type Change, isChange, type Part } from './change.js'
import type { Composed, Composer } from './composer.js'
import type { Connection } from './connection.js'
import { readViolation } from './storage-errors.js'

/** What `write` and `changeAndWrite` work with. */
export interface WriteNeeds {
  readonly connection: Connection
  readonly composer: Composer
}

/** Writes all parts or none. Throws the failure of the part that was refused, or that had to take effect and did not. */
export const write = async (parts: readonly Part[], needs: WriteNeeds): Promise<void> => {
  if (parts.length === 0) return
  const composed = needs.composer.compose(parts, { leads: false })
  try {
    await needs.connection.run(composed.statement, composed.values)
  } catch (error) {
    throw refusalOf(error, { parts, composed }, needs)
  }
}

/** The change that leads took no effect, so nothing beside it was written either: thrown, so that all is undone. */
export class NoEffect extends Failure {}

/**
 * Makes a change and, when it took effect, writes the parts. Returns what the change returned: no row, and nothing was
 * written. Beside other changes it throws `NoEffect` instead.
 */
export const changeAndWrite = async <R>(
  leading: Change,
  parts: readonly Part[],
  needs: WriteNeeds,
): Promise<R[]> => {
  const all = [
    parts.some(isChange) ? { otherwise: () => new NoEffect('CONFLICT'), ...leading } : leading,
    ...parts,
  ]
  const composed = needs.composer.compose(all, { leads: true })
  try {
    return await needs.connection.run<R>(composed.statement, composed.values)
  } catch (error) {
    throw refusalOf(error, { parts: all, composed }, needs)
  }
}

interface Written {
  readonly parts: readonly Part[]
  readonly composed: Composed
}

/** What an error of the statement amounts to: the failure that a part has for it, or the error as it is. */
const refusalOf = (error: unknown, { parts, composed }: Written, { composer }: WriteNeeds): unknown => {
  const violation = readViolation(error)
  if (violation === null) return error
  const { kind, table, constraint } = violation
  if (kind === 'no-effect') return composed.changes[Number(constraint.slice(1))]?.otherwise?.() ?? error
  const refused = parts.find(
    (part) =>
      part.refusals !== undefined &&
      Object.hasOwn(part.refusals, constraint) &&
      (isChange(part) || composer.tableOf(part) === table),
  )
  const refusal = refused?.refusals?.[constraint]?.()
  if (refusal !== undefined) return refusal
  // Not the error itself, whose detail says the value.
  return new Failure('INTERNAL', undefined, { reason: `${constraint} of ${table} refused what was written` })
}
