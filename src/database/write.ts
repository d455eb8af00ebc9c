// Writes the rows and changes of a use case as one statement, and translates its errors into failures of the parts.
import { Failure } from '../failure.js'
import { type Change, isChange, type Part } from './change.js'
import type { Composed, Composer } from './composer.js'
import type { Connection } from './connection.js'
import { readViolation } from './storage-errors.js'

/** What `write` and `changeAndWrite` need. */
export interface WriteNeeds {
  readonly connection: Connection
  readonly composer: Composer
}

/** Writes all parts or none. Throws the failure of a part that was refused, or was required and had no effect. */
export const write = async (parts: readonly Part[], needs: WriteNeeds): Promise<void> => {
  if (parts.length === 0) return
  const composed = needs.composer.compose(parts, { leads: false })
  try {
    await needs.connection.run(composed.statement, composed.values)
  } catch (error) {
    throw refusalOf(error, { parts, composed }, needs)
  }
}

/** Thrown if the leading change had no effect, so that everything beside it is undone. */
export class NoEffect extends Failure {}

/**
 * Executes a change and writes the parts if it had an effect. Returns the rows that the change returned; none if
 * nothing was written. With other changes beside it, throws `NoEffect` instead.
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

/** The failure of a part for an error of the statement, or the error itself. */
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
  // Not the error itself, whose detail contains the value.
  return new Failure('INTERNAL', undefined, { reason: `${constraint} of ${table} refused what was written` })
}
