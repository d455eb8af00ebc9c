// Runs one act of a sequence on the model and on the ground, and holds that both say the same.
import { expect } from 'vitest'
import type { Ground } from './ground.js'
import type { Model, ModelMerge, ModelRow, ModelSession, Outcome } from './model.js'
import { type Act, choicesOf, type Ids } from './sequences.js'
import { isSameIdentity, undoInModel } from './undo-in-model.js'

/** What an act runs on. */
export interface Stage {
  model: Model
  readonly ground: Ground
  readonly ids: Ids
  /** Identities that were unlinked and could be linked again. */
  readonly former: ModelRow[]
}

const pick = <T>(things: readonly T[], n: number): T | null => things[n % things.length] ?? null

/** Runs an act; one that nobody could begin does nothing. */
export const runAct = async (stage: Stage, act: Act): Promise<void> => {
  const { model, ground } = stage
  ground.tick()
  const outcomes = await outcomesOf(stage, act)
  if (outcomes === null) return
  const name = JSON.stringify(act)
  expect(outcomes.ground, name).toEqual(outcomes.model)
  const ids = [...model.accounts.keys()]
  expect(await ground.contents(ids), name).toEqual(stage.model.contents())
}

interface Outcomes {
  readonly model: Outcome
  readonly ground: Outcome
}

const outcomesOf = async (stage: Stage, act: Act): Promise<Outcomes | null> => {
  switch (act.act) {
    case 'merge':
      return await merge(stage, act)
    case 'undo':
      return await undo(stage, act)
    case 'unlink':
      return await unlink(stage, act)
    case 'link':
      return await link(stage, act)
    case 'signIn':
      return await signIn(stage, act)
    default:
      return await change(stage, act)
  }
}

/** Most often one of `likely`, on which the act can have an effect; else one of all. */
const pickLikely = <T>(likely: readonly T[], all: readonly T[], n: number): T | null =>
  likely.length === 0 || n % 4 === 3 ? pick(all, n) : pick(likely, n)

const accountOf = ({ model }: Stage, n: number): string => pick([...model.accounts.keys()], n) ?? ''

/** Tries on a copy of the model, which takes its place if the call was done: what is refused changes nothing. */
const tryOn = (stage: Stage, act: (model: Model) => Outcome): Outcome => {
  const copy = stage.model.copy()
  const outcome = act(copy)
  if (outcome === 'done') stage.model = copy
  return outcome
}

const merge = async (stage: Stage, act: Act & { readonly act: 'merge' }): Promise<Outcomes | null> => {
  const { model, ground } = stage
  const accounts = [...model.accounts.values()]
  const open = accounts.filter(({ into, due, suspended }) => into === null && !due && !suspended)
  const own = pickLikely(open, accounts, act.own)?.id ?? ''
  const others = open.filter(({ id }) => id !== own)
  const other = pickLikely(others, accounts, act.other)?.id ?? ''
  // Nothing that a guest proves can be linked, so no two guests are ever merged.
  if (model.account(own).kind === 'ANONYMOUS' && model.account(other).kind === 'ANONYMOUS') return null
  const session = act.bySession ? (model.liveSessionOf(own)?.id ?? null) : null
  const proven = model.rowsOf(other, 'identity').find(({ kind }) => kind !== 'password') ?? null
  const survivor = act.survivor === null ? null : { own, other }[act.survivor]
  const choices = choicesOf(act.choices, { own, other })
  const request = { own, other, survivor, choices, session, proven: proven?.id ?? null }
  const outcome = tryOn(stage, (copy) => copy.merge(request))
  const done = await ground.merge(request)
  const made = stage.model.merges.at(-1)
  if (done.outcome === 'done' && made !== undefined) made.id = done.id
  return { model: outcome, ground: done.outcome }
}

const undo = async (stage: Stage, act: Act & { readonly act: 'undo' }): Promise<Outcomes | null> => {
  const { model, ground } = stage
  const held = model.merges.filter(({ undone }) => !undone)
  const merge = pickLikely(held, model.merges, act.merge)
  if (merge === null) return null
  const session = (await openFor(stage, merge, act.session)) ?? pick(liveSessionsOf(model), act.session)
  if (session === null) return null
  const outcome = tryOn(stage, (copy) => {
    const [ownMerge, ownSession] = [copy.merges[model.merges.indexOf(merge)], copy.sessions.get(session.id)]
    if (ownMerge === undefined || ownSession === undefined) throw new Error('a copy has what the model has')
    return undoInModel(copy, ownMerge, ownSession)
  })
  const merges = stage.model.merges.length
  const done = await ground.undo(merge.id, session)
  // The account that had nothing but the proven identity was merged by the undo.
  const further = stage.model.merges[model.merges.length]
  if (done === 'done' && merges > model.merges.length && further !== undefined)
    further.id = await ground.newestMergeOf(further.absorbed)
  return { model: outcome, ground: done }
}

/** Most often a new session by an identity that a side of the merge held. */
const openFor = async (stage: Stage, merge: ModelMerge, n: number): Promise<ModelSession | null> => {
  const { model } = stage
  const identities = [...model.rows.values()].filter(
    (row) => row.kind !== 'password' && merge.journal.some((entry) => isSameIdentity(entry.row, row)),
  )
  const identity = n % 4 === 3 ? null : pick(identities, n)
  return identity === null ? null : await open(stage, identity)
}

/** A sign-in by an identity; null where its account is suspended. */
const open = async (stage: Stage, { id, account }: ModelRow): Promise<ModelSession | null> => {
  const { model, ground, ids } = stage
  if (model.account(account).suspended) return null
  const session = { id: ids.next(), account, identity: id, live: true }
  model.sessions.set(session.id, session)
  await ground.open(model, session)
  return session
}

const liveSessionsOf = (model: Model): ModelSession[] =>
  [...model.sessions.values()].filter(({ live }) => live)

const unlink = async (stage: Stage, act: Act & { readonly act: 'unlink' }): Promise<Outcomes | null> => {
  const { model, ground } = stage
  const accounts = [...model.accounts.keys()]
  const sessionOf = (id: string) => model.liveSessionOf(id)
  const account = pickLikely(accounts.filter(sessionOf), accounts, act.account) ?? ''
  const session = sessionOf(account)
  const identity = pick(model.rowsOf(account, 'identity'), act.identity)
  if (session === null || identity === null) return null
  const outcome = tryOn(stage, (copy) => copy.unlink(account, identity.id))
  if (outcome === 'done' && identity.kind !== 'password') stage.former.push(identity)
  return { model: outcome, ground: await ground.unlink(session, identity.id) }
}

const link = async (stage: Stage, act: Act & { readonly act: 'link' }): Promise<Outcomes | null> => {
  const { model, ground, ids } = stage
  const accounts = [...model.accounts.values()]
  const account = pick(
    accounts.filter(({ into }) => into === null),
    act.account,
  )
  if (account === null || account.kind === 'ANONYMOUS' || account.suspended) return null
  const isThere = ({ kind, key }: ModelRow) =>
    [...model.rows.values()].some((row) => row.table === 'identity' && row.kind === kind && row.key === key)
  const former =
    act.former === null
      ? null
      : pick(
          stage.former.filter((row) => !isThere(row)),
          act.former,
        )
  const id = ids.next()
  const row: ModelRow = {
    id,
    table: 'identity',
    kind: former?.kind ?? 'key',
    key: former?.key ?? id,
    createdAt: 0,
    account: account.id,
    active: true,
  }
  model.rows.set(id, row)
  await ground.link(row)
  return { model: 'done', ground: 'done' }
}

const signIn = async (stage: Stage, act: Act & { readonly act: 'signIn' }): Promise<Outcomes | null> => {
  const identities = stage.model
    .rowsOf(accountOf(stage, act.account), 'identity')
    .filter(({ kind }) => kind !== 'password')
  const identity = pick(identities, act.identity)
  if (identity === null || (await open(stage, identity)) === null) return null
  return { model: 'done', ground: 'done' }
}

const change = async (
  stage: Stage,
  act: Act & { readonly act: 'suspend' | 'reinstate' | 'delete' | 'keep' },
): Promise<Outcomes | null> => {
  const { ground } = stage
  const id = accountOf(stage, act.account)
  const session = stage.model.liveSessionOf(id)
  switch (act.act) {
    case 'suspend':
      return { model: tryOn(stage, (copy) => copy.suspend(id)), ground: await ground.suspend(id) }
    case 'reinstate':
      return { model: tryOn(stage, (copy) => copy.reinstate(id)), ground: await ground.reinstate(id) }
    case 'delete':
      return (
        session && {
          model: tryOn(stage, (copy) => copy.setDue(id, true)),
          ground: await ground.beginDeletion(session),
        }
      )
    case 'keep':
      return (
        session && {
          model: tryOn(stage, (copy) => copy.setDue(id, false)),
          ground: await ground.cancelDeletion(session),
        }
      )
  }
}
