// Plans the undo of a merge from the journal and what became of its rows: what returns, what is made again, what stays.
import { passwordMethodName } from '../identities/identity.js'
import type { Merge, MergeSideName } from './merge.js'
import type { MergeRowFate } from './merge-row.js'

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

/** The tables of which a merge moves rows. */
export type JournalledTable = 'identity' | 'second_factor' | 'device' | 'handle'

/** A row of the journal beside what became of it. */
export interface JournalledRow {
  readonly table: JournalledTable
  readonly key: string
  readonly side: MergeSideName
  readonly fate: MergeRowFate
  /** The method of an identity, the kind of a second factor; else null. */
  readonly kind: string | null
  /** The subject of an identity, the key of a device, the name of a handle; null for a second factor. */
  readonly subject: string | null
  /** The row that is this one now: of the same id, or an identity of the same subject; null if there is none. */
  readonly now: { readonly id: string; readonly accountId: string; readonly isChanged: boolean } | null
}

/** A row that the survivor got after the merge. */
export interface LaterRow {
  readonly table: JournalledTable
  readonly id: string
  readonly kind: string | null
  readonly subject: string | null
}

/** The columns of an account that an undo may change. */
export interface UndoneColumns {
  readonly handle: string | null
  readonly displayName: string | null
  readonly locale: 'de' | 'en' | null
  readonly primaryEmail: string | null
}

/** What is known when a merge is to be undone. */
export interface UndoFacts {
  readonly merge: Pick<Merge, 'survivor' | 'absorbed' | 'before' | 'after'>
  /** The account to which the survivor leads now: itself, or one into which it was merged since. */
  readonly holder: { readonly id: string } & UndoneColumns
  readonly rows: readonly JournalledRow[]
  readonly later: readonly LaterRow[]
  /** The second factors that the holder has: kinds. */
  readonly heldKinds: readonly string[]
  /** The identity by which the undo is proven. */
  readonly proven: { readonly id: string; readonly accountId: string } | null
}

/** What happens to the rows of a table. */
export interface UndoneRows {
  /** The present ids of rows that return to the absorbed account. */
  readonly returned: readonly string[]
  /** The keys of journalled rows that are made again, each on its side. */
  readonly remade: readonly string[]
}

/** The plan of an undo. */
export interface UndoPlan {
  readonly identity: UndoneRows
  readonly second_factor: UndoneRows
  readonly device: UndoneRows
  /** Returned handles; the survivor's own get their former state if its handle does. */
  readonly handle: { readonly returned: readonly string[]; readonly areOwnRestored: boolean }
  /** The side to which the proven identity returns from a third account; null if it is on none. */
  readonly provenReturnsTo: MergeSideName | null
  /** Columns of the holder that change. */
  readonly holder: Partial<UndoneColumns>
  /** Columns of the absorbed account that change. */
  readonly absorbed: Pick<UndoneColumns, 'handle' | 'primaryEmail'>
  readonly restores: readonly UndoItem[]
  readonly stays: readonly UndoItem[]
}

type Verdict = 'return' | 'remake' | 'proven' | 'stay' | 'none'

/** One row's fate in the undo. */
interface Judged {
  readonly row: JournalledRow
  readonly verdict: Verdict
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

/** Plans the undo. Pure: the plan that is shown and the undo that is done are this one. */
export const planUndo = (facts: UndoFacts): UndoPlan => {
  const judged = facts.rows.map((row): Judged => ({ row, verdict: judge(row, facts) }))
  const identity = rowsOf(judged, 'identity')
  const handleReturns = keysOf(judged, 'handle', 'return')
  const columns = columnsOf(judged, facts)
  return {
    identity,
    second_factor: rowsOf(judged, 'second_factor'),
    device: rowsOf(judged, 'device'),
    handle: { returned: handleReturns, areOwnRestored: columns.isHandleRestored },
    provenReturnsTo: judged.find(({ verdict }) => verdict === 'proven')?.row.side ?? null,
    holder: columns.holder,
    absorbed: columns.absorbed,
    restores: [...judged.flatMap(restoredItem), ...columns.restores],
    stays: [...judged.flatMap(stayingItem), ...columns.stays, ...facts.later.map(laterItem)],
  }
}

const rowsOf = (judged: readonly Judged[], table: JournalledTable): UndoneRows => ({
  returned: judged.flatMap(({ row, verdict }) =>
    row.table === table && verdict === 'return' && row.now !== null ? [row.now.id] : [],
  ),
  remade: keysOf(judged, table, 'remake'),
})

const keysOf = (judged: readonly Judged[], table: JournalledTable, wanted: Verdict): string[] =>
  judged.flatMap(({ row, verdict }) => (row.table === table && verdict === wanted ? [row.key] : []))

const judge = (row: JournalledRow, facts: UndoFacts): Verdict => {
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

const restoredItem = ({ row, verdict }: Judged): UndoItem[] => {
  if (verdict === 'none' || verdict === 'stay') return []
  const again = verdict === 'remake' ? ', which is made again' : ''
  const account = row.side === 'absorbed' ? 'the absorbed account' : 'the survivor'
  return [
    { what: thingOf(row), id: row.now?.id ?? row.key, description: `${nameOf(row)} of ${account}${again}` },
  ]
}

const stayingItem = ({ row, verdict }: Judged): UndoItem[] => {
  if (verdict !== 'stay') return []
  const isElsewhere = row.table === 'identity' && row.kind !== passwordMethodName
  const why = isElsewhere ? 'leads to another account now' : 'was changed or removed since the merge'
  return [{ what: thingOf(row), id: row.now?.id ?? row.key, description: `${nameOf(row)} ${why}` }]
}

const laterItem = (row: LaterRow): UndoItem => ({
  what: thingOf(row),
  id: row.id,
  description: `${nameOf(row)} was added since the merge`,
})

interface UndoneColumnsPlan extends Pick<UndoPlan, 'holder' | 'absorbed' | 'restores' | 'stays'> {
  readonly isHandleRestored: boolean
}

const columnThings = {
  handle: 'HANDLE',
  displayName: 'DISPLAY_NAME',
  locale: 'LOCALE',
  primaryEmail: 'PRIMARY_EMAIL',
} as const satisfies Readonly<Record<keyof UndoneColumns, UndoneThing>>

const columnsOf = (judged: readonly Judged[], facts: UndoFacts): UndoneColumnsPlan => {
  const { merge, holder } = facts
  const [before, after] = [merge.before.survivor, merge.after.survivor]
  const names = ['handle', 'displayName', 'locale', 'primaryEmail'] as const
  const changedByMerge =
    holder.id === merge.survivor ? names.filter((name) => before[name] !== after[name]) : []
  const restored = changedByMerge.filter((name) => holder[name] === after[name])
  const isHandleRestored =
    holder.id === merge.survivor && (holder.handle === after.handle || restored.includes('handle'))
  const gone = goneAddresses(judged)
  const former: UndoneColumns = {
    ...before,
    // Another undo may have taken them since.
    handle: isStillOwn(before.handle, judged, facts) ? before.handle : null,
    primaryEmail: isStillOwn(before.primaryEmail, judged, facts) ? before.primaryEmail : null,
  }
  const values = Object.fromEntries(restored.map((name) => [name, former[name]]))
  const primaryEmail = 'primaryEmail' in values ? former.primaryEmail : holder.primaryEmail
  const changes: Partial<UndoneColumns> = {
    ...values,
    // An address that goes back cannot stay the primary one.
    ...(primaryEmail !== null && gone.has(primaryEmail) ? { primaryEmail: null } : {}),
  }
  const back = new Set(keysOf(judged, 'handle', 'return'))
  const { handle, primaryEmail: address } = merge.before.absorbed
  return {
    holder: changes,
    absorbed: {
      handle: handle !== null && back.has(handle) ? handle : null,
      primaryEmail: address !== null && gone.has(address) ? address : null,
    },
    isHandleRestored,
    restores: restored.map((name) => ({
      what: columnThings[name],
      id: null,
      description: `the survivor's former value (${former[name] ?? 'none'})`,
    })),
    stays: changedByMerge
      .filter((name) => !restored.includes(name))
      .map((name) => ({ what: columnThings[name], id: null, description: 'was changed since the merge' })),
  }
}

/** True for a handle or an address of the survivor that is the holder's after the undo. */
const isStillOwn = (value: string | null, judged: readonly Judged[], { holder }: UndoFacts): boolean =>
  judged.some(
    ({ row, verdict }) =>
      row.subject === value &&
      row.side === 'survivor' &&
      (row.table === 'handle' || row.kind === 'email') &&
      (row.now?.accountId === holder.id || verdict === 'remake' || verdict === 'proven'),
  )

/** The addresses that the absorbed account has again. */
const goneAddresses = (judged: readonly Judged[]): ReadonlySet<string> =>
  new Set(
    judged.flatMap(({ row, verdict }) =>
      row.kind === 'email' && row.side === 'absorbed' && row.subject !== null && isBack(verdict)
        ? [row.subject]
        : [],
    ),
  )

const isBack = (verdict: Verdict): boolean => ['return', 'remake', 'proven'].includes(verdict)
