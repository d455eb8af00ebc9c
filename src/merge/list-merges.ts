// Lists the merges of the caller's account.
import { requirePrincipal } from '../authorization/authorize.js'
import { sessionIdOf } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Merge } from './merge.js'
import type { MergeUndos } from './merge-undos.js'

/** What `listMerges` works with. */
export interface ListMergesNeeds {
  readonly mergeUndos: MergeUndos
}

/**
 * The merges of the caller's account and of those that lead to it, and those that the caller may undo by the identity of
 * its session; undone ones too, newest first.
 */
export const listMerges = async (call: Call, { mergeUndos }: ListMergesNeeds): Promise<Merge[]> => {
  const principal = requirePrincipal(call.principal)
  return await mergeUndos.listOf(call, principal.accountId, sessionIdOf(principal))
}
