// Plans the columns of both accounts after an undo: handle, display name, language, primary address.
import type { Judged, Verdict } from './judge-row.js'
import type { UndoFacts, UndoneColumns } from './undo-facts.js'
import type { UndoItem, UndoneThing } from './undo-item.js'

/** The columns of both accounts after an undo. */
export interface UndoneColumnsPlan {
  /** Of the holder, those that change. */
  readonly holder: Partial<UndoneColumns>
  readonly absorbed: Pick<UndoneColumns, 'handle' | 'primaryEmail'>
  readonly restores: readonly UndoItem[]
  readonly stays: readonly UndoItem[]
  /** True if the survivor's own handles get their former state. */
  readonly isHandleRestored: boolean
}

const columnThings = {
  handle: 'HANDLE',
  displayName: 'DISPLAY_NAME',
  locale: 'LOCALE',
  primaryEmail: 'PRIMARY_EMAIL',
} as const satisfies Readonly<Record<keyof UndoneColumns, UndoneThing>>

/** Plans the columns. A column returns if it still has the value that the merge gave it. */
export const planUndoneColumns = (judged: readonly Judged[], facts: UndoFacts): UndoneColumnsPlan => {
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
  const back = new Set(
    judged.flatMap(({ row, verdict }) => (row.table === 'handle' && verdict === 'return' ? [row.key] : [])),
  )
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
