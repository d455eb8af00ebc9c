// Shows what an undo of a merge would restore and what would stay with the survivor, and changes nothing.
import type { Accounts } from '../accounts/accounts.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { type GatherUndoFactsNeeds, gatherUndoFacts } from './gather-undo-facts.js'
import type { Merge } from './merge.js'
import { planUndo, type UndoPlan } from './plan-undo.js'
import { noSuchMerge } from './undo-merge.js'

/** What `showMergeUndo` works with. */
export interface ShowMergeUndoNeeds extends GatherUndoFactsNeeds {
  readonly accounts: Accounts
}

/** The plan of an undo. Refuses what `undoMerge` would refuse, but for the age of the authentication. */
export const showMergeUndo = async (
  call: Call,
  id: string,
  needs: ShowMergeUndoNeeds,
): Promise<{ readonly merge: Merge; readonly plan: UndoPlan }> => {
  const { sessionId } = requireSession(call.principal)
  return await call.inTransaction(async (inner) => {
    const merge = await needs.mergeUndos.find(inner, id)
    const proof = await needs.mergeUndos.findProof(inner, id, sessionId)
    const holder = merge === null ? null : await needs.accounts.find(inner, merge.survivor)
    if (merge === null || proof === null || holder === null) throw noSuchMerge()
    return { merge, plan: planUndo(await gatherUndoFacts(inner, { merge, holder, proof }, needs)) }
  })
}
