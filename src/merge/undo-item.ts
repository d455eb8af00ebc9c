// An item of the plan of an undo: what it is, and in which words its owner reads of it.
import { passwordMethodName } from '../identities/identity.js'
import type { Judged } from './judge-row.js'
import type { JournalledRow, LaterRow } from './undo-facts.js'

/** What an item of a plan is. */
export type UndoneThing =
  | 'IDENTITY'
  | 'PASSWORD'
  | 'TOTP'
  | 'RECOVERY_CODES'
  | 'DEVICE'
  | 'HANDLE'
  | 'DISPLAY_NAME'
  | 'LOCALE'
  | 'PRIMARY_EMAIL'

/** What an undo restores, or what it leaves with the survivor. */
export interface UndoItem {
  readonly what: UndoneThing
  /** The row's id; null for a column of the account. */
  readonly id: string | null
  /** In plain words, for its owner. */
  readonly description: string
}

const thingOf = ({ table, kind }: Pick<JournalledRow, 'table' | 'kind'>): UndoneThing => {
  if (table === 'device') return 'DEVICE'
  if (table === 'handle') return 'HANDLE'
  if (table === 'second_factor') return kind === 'totp' ? 'TOTP' : 'RECOVERY_CODES'
  return kind === passwordMethodName ? 'PASSWORD' : 'IDENTITY'
}

/** A name of the thing that its owner recognises; nothing secret. */
const nameOf = (row: Pick<JournalledRow, 'table' | 'kind' | 'subject'>): string => {
  switch (thingOf(row)) {
    case 'IDENTITY':
      return `the identity ${row.kind} ${row.subject}`
    case 'DEVICE':
      return `the device with the key ${row.subject}`
    case 'HANDLE':
      return `the handle ${row.subject}`
    case 'PASSWORD':
      return 'the password'
    case 'TOTP':
      return 'the authenticator app'
    default:
      return 'the recovery codes'
  }
}

/** The item of a row that an undo restores; none for one that it does not. */
export const restoredItem = ({ row, verdict }: Judged): UndoItem[] => {
  if (verdict === 'none' || verdict === 'stay') return []
  const again = verdict === 'remake' ? ', which is made again' : ''
  const account = row.side === 'absorbed' ? 'the absorbed account' : 'the survivor'
  return [
    { what: thingOf(row), id: row.now?.id ?? row.key, description: `${nameOf(row)} of ${account}${again}` },
  ]
}

/** The item of a row that stays as it is; none for any other. */
export const stayingItem = ({ row, verdict }: Judged): UndoItem[] => {
  if (verdict !== 'stay') return []
  const isElsewhere = row.table === 'identity' && row.kind !== passwordMethodName
  const why = isElsewhere ? 'leads to another account now' : 'was changed or removed since the merge'
  return [{ what: thingOf(row), id: row.now?.id ?? row.key, description: `${nameOf(row)} ${why}` }]
}

/** The item of a row that came later. */
export const laterItem = (row: LaterRow): UndoItem => ({
  what: thingOf(row),
  id: row.id,
  description: `${nameOf(row)} was added since the merge`,
})
