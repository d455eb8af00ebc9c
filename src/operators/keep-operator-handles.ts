// Keeps the handles that the operators' setting lists: the account that has one is an operator.
import type { Handles } from '../accounts/handles.js'
import type { Call } from '../database/call.js'
import type { OperatorList } from './operator.js'

/** What `keepOperatorHandles` works with. */
export interface KeepOperatorHandlesNeeds {
  readonly handles: Handles
  readonly operators: OperatorList
}

/** Marks those that are taken as kept, so that workers with other settings do not release them either. */
export const keepOperatorHandles = async (
  call: Call,
  { handles, operators }: KeepOperatorHandlesNeeds,
): Promise<void> => {
  if (operators.handles.size > 0) await handles.keep(call, [...operators.handles])
}
