// Undoing a merge in the model: what returns, what is made again, what stays.
import type { Model, ModelAccount, ModelEntry, ModelMerge, ModelRow, ModelSession, Outcome } from './model.js'

interface Undoing {
  readonly merge: ModelMerge
  /** The account that has what the survivor had. */
  readonly holder: ModelAccount
  readonly absorbed: ModelAccount
}

interface Placed {
  readonly row: ModelRow
  readonly side: 'survivor' | 'absorbed'
}

/** Undoes a merge by a session, which must have been opened by an identity that one of the sides held. */
export const undoInModel = (model: Model, merge: ModelMerge, session: ModelSession): Outcome => {
  const proof = session.identity === null ? undefined : model.rows.get(session.identity)
  const entry = merge.journal.find(({ row }) => proof !== undefined && isSameIdentity(row, proof))
  if (proof === undefined || entry === undefined || proof.kind === 'password') return 'NOT_FOUND'
  if (merge.undone || proof.account !== session.account) return 'CONFLICT'
  const [holder, absorbed] = [model.account(model.survivorOf(merge.survivor)), model.account(merge.absorbed)]
  if (holder.suspended) return 'MERGE_REFUSED'
  const isElsewhere = proof.account !== holder.id
  const undoing = { merge, holder, absorbed }
  // What is decided before anything moves.
  const returning = merge.journal.flatMap((one) => returned(model, undoing, one))
  const remade = merge.journal.flatMap((one) => made(model, undoing, one))
  const identities = returning.filter(({ table }) => table === 'identity').map(({ id }) => id)
  for (const one of model.sessions.values())
    if (one.account === holder.id && one.identity !== null && identities.includes(one.identity))
      one.live = false
  const home = entry.side === 'absorbed' ? absorbed : holder
  const back = [...returning, ...remade.filter(({ side }) => side === 'absorbed').map(({ row }) => row)]
  if (isElsewhere && home === absorbed) back.push(proof)
  const isOwnRestored = holder.id === merge.survivor && holder.handle === merge.after.handle
  placeRows(model, undoing, { returning, remade, isOwnRestored })
  const further = isElsewhere && home === holder ? [{ row: { ...proof }, side: 'survivor' as const }] : []
  keepApart(model, merge, [...remade, ...further])
  restoreFields(model, undoing, { back, proof: isElsewhere && home === holder ? proof : null })
  merge.undone = true
  model.point()
  model.settle(holder)
  model.settle(absorbed)
  return isElsewhere ? returnProven(model, { session, proof, home }) : 'done'
}

/** True for two rows that say of an identity that it is one's. */
export const isSameIdentity = (one: ModelRow, two: ModelRow): boolean =>
  one.table === 'identity' && two.table === 'identity' && one.kind === two.kind && one.key === two.key

const isHeld = (model: Model, { holder }: Undoing, { row }: ModelEntry): boolean =>
  model.rows.get(row.id)?.account === holder.id

/** What the absorbed account gets back of what the holder still has. */
const returned = (model: Model, undoing: Undoing, entry: ModelEntry): ModelRow[] => {
  const { row, side, fate } = entry
  if (side === 'survivor' || fate !== 'moved') return []
  if (row.table === 'identity' && row.kind !== 'password') {
    const now = [...model.rows.values()].find((one) => isSameIdentity(one, row))
    return now?.account === undoing.holder.id ? [now] : []
  }
  if (!isHeld(model, undoing, entry)) return []
  return row.table === 'handle' && isPicked(undoing, row.key) ? [] : [row]
}

/** A handle that the holder shows, and not because of this merge. */
const isPicked = ({ merge, holder }: Undoing, name: string): boolean => {
  const isByMerge =
    holder.id === merge.survivor && merge.after.handle === name && merge.before.survivor.handle !== name
  return holder.handle === name && !isByMerge
}

/** What is made again. Every identity that leads to nobody is; of the rest what this merge removed, where there is room. */
const made = (model: Model, undoing: Undoing, entry: ModelEntry): Placed[] => {
  const { row, side, fate } = entry
  if (row.table === 'identity' && row.kind !== 'password') {
    const isThere = [...model.rows.values()].some((one) => isSameIdentity(one, row))
    return isThere ? [] : [{ row, side }]
  }
  const isUnconfirmed = row.table === 'second_factor' && !row.active
  if (fate !== 'removed' || isUnconfirmed) return []
  if (row.table === 'device') {
    const twins = undoing.merge.journal.filter((one) => one.row.table === 'device' && one.row.key === row.key)
    return twins.some((twin) => isHeld(model, undoing, twin)) ? [{ row, side }] : []
  }
  if (side === 'absorbed') return [{ row, side }]
  const taker = undoing.merge.journal.find(
    (one) => one.row.table === row.table && one.row.kind === row.kind && one.fate === 'moved',
  )
  // What took its place may have gone back by the undo of another merge; then only what is there now stands in the way.
  const isFree =
    taker === undefined
      ? !model.rowsOf(undoing.holder.id, row.table).some(({ kind, active }) => kind === row.kind && active)
      : isHeld(model, undoing, taker)
  return isFree ? [{ row, side }] : []
}

const placeRows = (
  model: Model,
  { merge, holder, absorbed }: Undoing,
  {
    returning,
    remade,
    isOwnRestored,
  }: {
    readonly returning: readonly ModelRow[]
    readonly remade: readonly Placed[]
    readonly isOwnRestored: boolean
  },
): void => {
  for (const { id } of returning) {
    const row = model.rows.get(id)
    if (row !== undefined) row.account = absorbed.id
  }
  for (const { row, side } of remade)
    model.rows.set(row.id, { ...row, account: side === 'absorbed' ? absorbed.id : holder.id })
  for (const { row, side } of merge.journal) {
    const now = model.rows.get(row.id)
    if (now === undefined || row.table !== 'handle') continue
    if (side === 'survivor' ? isOwnRestored && now.account === holder.id : now.account === absorbed.id)
      now.active = row.active
  }
}

/**
 * The undo of a later merge, of the survivor or of those that it was merged into, takes nothing of what is apart now. What
 * was made again for the survivor goes back with it.
 */
const keepApart = (model: Model, merge: ModelMerge, remade: readonly Placed[]): void => {
  const gone = merge.journal.filter(
    ({ row, side }) =>
      side === 'absorbed' && (row.table !== 'handle' || model.rows.get(row.id)?.account === merge.absorbed),
  )
  const isGone = (row: ModelRow) => gone.some((one) => one.row.id === row.id || isSameIdentity(one.row, row))
  const later = model.merges.slice(model.merges.indexOf(merge) + 1).filter(({ undone }) => !undone)
  const added = remade.filter(({ side }) => side === 'survivor')
  let { survivor } = merge
  for (;;) {
    for (const one of later)
      if (one.survivor === survivor || one.absorbed === survivor)
        one.journal = one.journal.filter(({ row }) => !isGone(row))
    const next = model.merges.find(({ absorbed, undone }) => absorbed === survivor && !undone)
    if (next === undefined) return
    next.journal = [
      ...next.journal.filter(({ row }) => !added.some((one) => one.row.id === row.id)),
      ...added.map(({ row }): ModelEntry => ({ row, side: 'absorbed', fate: 'moved' })),
    ]
    survivor = next.survivor
  }
}

/** Columns return where they are still what the merge made them. */
const restoreFields = (
  model: Model,
  { merge, holder, absorbed }: Undoing,
  { back, proof }: { readonly back: readonly ModelRow[]; readonly proof: ModelRow | null },
): void => {
  const { before, after } = merge
  const rows = [...model.rowsOf(holder.id), ...(proof === null ? [] : [proof])]
  const owned = (kind: string, value: string | null): string | null =>
    rows.some((row) => (row.table === kind || row.kind === kind) && row.key === value) ? value : null
  if (holder.id === merge.survivor) {
    if (holder.handle === after.handle && after.handle !== before.survivor.handle)
      holder.handle = owned('handle', before.survivor.handle)
    if (holder.displayName === after.displayName) holder.displayName = before.survivor.displayName
    if (holder.locale === after.locale) holder.locale = before.survivor.locale
    if (holder.primaryEmail === after.primaryEmail && after.primaryEmail !== before.survivor.primaryEmail)
      holder.primaryEmail = owned('email', before.survivor.primaryEmail)
  }
  const addresses = back.filter(({ kind }) => kind === 'email').map(({ key }) => key)
  const names = back.filter(({ table }) => table === 'handle').map(({ key }) => key)
  if (holder.primaryEmail !== null && addresses.includes(holder.primaryEmail)) holder.primaryEmail = null
  const { handle, primaryEmail } = before.absorbed
  absorbed.handle = handle !== null && names.includes(handle) ? handle : null
  absorbed.primaryEmail = primaryEmail !== null && addresses.includes(primaryEmail) ? primaryEmail : null
}

/** The proven identity goes home; the account that has no other way in follows, because a password alone opens nothing. */
const returnProven = (
  model: Model,
  {
    session,
    proof,
    home,
  }: { readonly session: ModelSession; readonly proof: ModelRow; readonly home: ModelAccount },
): Outcome => {
  const own = proof.account
  proof.account = home.id
  if (model.rowsOf(own, 'identity').every(({ kind }) => kind === 'password'))
    return model.merge({
      own,
      other: home.id,
      survivor: home.id,
      choices: new Map(),
      session: session.id,
      proven: proof.id,
    })
  for (const one of model.sessions.values())
    if (one.account === own && one.identity === proof.id) one.live = false
  const left = model.account(own)
  if (proof.kind === 'email' && left.primaryEmail === proof.key) left.primaryEmail = null
  return 'done'
}
