// Judges what an undo does with one row of the journal.
import { passwordMethodName } from '../identities/identity.js'
import type { JournalledRow, UndoFacts } from './undo-facts.js'

/** What an undo does with a row: it returns, is made again, returns from a third account, stays, or is not concerned. */
export type Verdict = 'return' | 'remake' | 'proven' | 'stay' | 'none'

/** One row's fate in the undo. */
export interface Judged {
  readonly row: JournalledRow
  readonly verdict: Verdict
}

/** The verdict on a row. */
export const judgeRow = (row: JournalledRow, facts: UndoFacts): Verdict => {
  switch (row.table) {
    case 'identity':
      return row.kind === passwordMethodName ? judgeFactor(row, facts) : judgeIdentity(row, facts)
    case 'second_factor':
      return judgeFactor(row, facts)
    case 'device':
      return judgeDevice(row, facts)
    case 'handle':
      return judgeHandle(row, facts)
  }
}

/** Whoever could open a side at the merge opens it again, unless the identity leads to a third account now. */
const judgeIdentity = ({ side, now }: JournalledRow, { holder, proven }: UndoFacts): Verdict => {
  if (now === null) return 'remake'
  if (now.accountId === holder.id) return side === 'absorbed' ? 'return' : 'none'
  return proven?.id === now.id ? 'proven' : 'stay'
}

/**
 * A password, TOTP or codes: what was changed or removed since stays so, because it may have been removed when a device
 * was lost. What the merge itself removed is made again where nothing has taken its place.
 */
const judgeFactor = (row: JournalledRow, facts: UndoFacts): Verdict => {
  const { holder, heldKinds, rows } = facts
  if (row.fate === 'held') return 'none'
  if (row.fate === 'moved') return row.now?.accountId === holder.id && !row.now.isChanged ? 'return' : 'stay'
  if (row.side === 'absorbed') return 'remake'
  const taker = rows.find(
    ({ table, kind, fate }) => table === row.table && kind === row.kind && fate === 'moved',
  )
  const isFree =
    taker === undefined ? !heldKinds.includes(row.kind ?? '') : judgeFactor(taker, facts) === 'return'
  return isFree ? 'remake' : 'stay'
}

/** Of two devices with one key one was removed: each side has its own again if the key was not removed since. */
const judgeDevice = (row: JournalledRow, { holder, rows }: UndoFacts): Verdict => {
  const isHeld = (one: JournalledRow): boolean => one.now?.accountId === holder.id
  if (row.fate === 'held') return 'none'
  if (row.fate === 'moved') return isHeld(row) ? 'return' : 'stay'
  const twin = rows.find(
    ({ table, subject, fate }) => table === 'device' && subject === row.subject && fate !== 'removed',
  )
  return twin !== undefined && isHeld(twin) ? 'remake' : 'stay'
}

/** A handle that the survivor picked since is its own. */
const judgeHandle = (row: JournalledRow, { holder, merge }: UndoFacts): Verdict => {
  if (row.side === 'survivor') return 'none'
  if (row.now?.accountId !== holder.id) return 'stay'
  const wasSetByMerge =
    holder.id === merge.survivor &&
    merge.after.survivor.handle === row.key &&
    merge.before.survivor.handle !== row.key
  return holder.handle === row.key && !wasSetByMerge ? 'stay' : 'return'
}
