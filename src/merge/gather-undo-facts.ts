// Gathers what is known of a merge that is to be undone, and refuses one that cannot be.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Merge } from './merge.js'
import type { MergeUndos, UndoProof } from './merge-undos.js'
import type { UndoFacts } from './undo-facts.js'

/** What `gatherUndoFacts` works with. */
export interface GatherUndoFactsNeeds {
  readonly mergeUndos: MergeUndos
}

/** A merge, the account to which its survivor leads, and the proof by which it is undone. */
export interface UndoQuestion {
  readonly merge: Merge
  readonly holder: Account
  /** Null to plan without one. */
  readonly proof: UndoProof | null
}

/**
 * Reads the facts. `CONFLICT` if the merge was undone, `MERGE_REFUSED` if it is too late or the account that holds both
 * is suspended or deleted.
 */
export const gatherUndoFacts = async (
  call: Call,
  { merge, holder, proof }: UndoQuestion,
  { mergeUndos }: GatherUndoFactsNeeds,
): Promise<UndoFacts> => {
  if (merge.undoneAt !== null) throw new Failure('CONFLICT', 'This merge was undone already.')
  if (call.now > merge.undoableUntil)
    throw new Failure('MERGE_REFUSED', 'A merge can be undone for 30 days, and this one is older.')
  if (holder.deletedAt !== null)
    throw new Failure('MERGE_REFUSED', 'The account that holds both was deleted, with all that it had.')
  if (holder.suspendedAt !== null)
    throw new Failure(
      'MERGE_REFUSED',
      'The account that holds both is suspended. Ask whoever runs this service.',
    )
  const [rows, later, heldKinds] = [
    await mergeUndos.rowsOf(call, merge.id),
    await mergeUndos.listLater(call, merge, holder.id),
    await mergeUndos.heldKindsOf(call, holder.id),
  ]
  const proven = proof === null ? null : { id: proof.id, accountId: proof.accountId }
  return { merge, holder, rows, later, heldKinds, proven }
}
