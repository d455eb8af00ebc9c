// Keeps the handles that the operators' setting lists: whoever takes one is an operator, so none may become free again.
import type { Handles } from '../accounts/handles.js'
import type { Call } from '../database/call.js'
import type { OperatorList } from './operator.js'

/** What `keepOperatorHandles` works with. */
export interface KeepOperatorHandlesNeeds {
  readonly handles: Handles
  readonly operators: OperatorList
}

/** Marks those that are taken, so that a worker whose settings do not list them keeps them too. */
export const keepOperatorHandles = async (
  call: Call,
  { handles, operators }: KeepOperatorHandlesNeeds,
): Promise<void> => {
  if (operators.handles.size > 0) await handles.keep(call, [...operators.handles])
}
