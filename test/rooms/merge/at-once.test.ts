// Merges and undos at once, over the same accounts: none waits for another for ever, and no row is lost.
import { expect, test } from 'vitest'
import { openRooms, type Rooms } from '../jobs/open-rooms.js'
import { Ground } from './ground.js'
import type { Model, ModelRow, ModelSession, Outcome } from './model.js'
import { type DrawnAccount, Ids, modelOf } from './sequences.js'

const calls = 50
const person: DrawnAccount = {
  isGuest: false,
  age: 0,
  identities: ['key', 'email'],
  hasPassword: true,
  totp: 'confirmed',
  hasCodes: true,
  devices: [0, 1],
  handles: 2,
  displayName: null,
  locale: null,
  sessions: 1,
}

/** Those that no merge removes: of passwords and factors one stays of two. */
const isKept = ({ table, kind }: Pick<ModelRow, 'table' | 'kind'>): boolean =>
  table === 'handle' || (table === 'identity' && kind !== 'password')

interface Contents {
  readonly accounts: readonly {
    readonly id: string
    readonly into: string | null
    readonly handle: string | null
  }[]
  readonly rows: readonly Pick<ModelRow, 'id' | 'table' | 'kind' | 'account'>[]
}

const contentsOf = async (ground: Ground, model: Model): Promise<Contents> =>
  (await ground.contents([...model.accounts.keys()])) as Contents

/** Every identity and every handle is there, and leads to an account that is not merged, as every account does. */
const holdAll = ({ accounts, rows }: Contents, model: Model): void => {
  const open = new Set(accounts.filter(({ into }) => into === null).map(({ id }) => id))
  expect(rows.filter(({ account }) => !open.has(account))).toEqual([])
  expect(accounts.filter(({ id, into }) => !open.has(into ?? id))).toEqual([])
  expect(rows.filter(isKept).map(({ id }) => id)).toEqual(
    [...model.rows.values()]
      .filter(isKept)
      .map(({ id }) => id)
      .sort(),
  )
}

const deadlocksOf = async ({ tables }: Rooms): Promise<number> => {
  const [row] = await tables.query(
    'select pg_stat_force_next_flush(), deadlocks::int as count from pg_stat_database where datname = current_database()',
  )
  return row.count
}

test(`${calls} merges and undos at once over the same accounts neither deadlock nor lose a row`, {
  timeout: 120_000,
}, async () => {
  const rooms = await openRooms()
  const ground = new Ground(rooms)
  const ids = new Ids(1)
  const model = modelOf(Array<DrawnAccount>(12).fill(person), ids)
  await ground.seed(model)
  const accounts = [...model.accounts.keys()]
  const session = null
  // Pairs that overlap, in both directions; each step brings other pairs together.
  const mergeAll = async (step: number) =>
    await Promise.all(
      Array.from({ length: calls }, async (_, n) => {
        const [own = '', other = ''] = [accounts[n % 12], accounts[(n * step + 1 + (n % 12)) % 12]]
        const wish = { survivor: n % 2 === 0 ? own : other, choices: new Map(), session, proven: null }
        return await ground.merge({ own, other, ...wish })
      }),
    )
  const merged: string[] = []
  const mergeMore = async (step: number): Promise<void> => {
    const done = await mergeAll(step)
    merged.push(...done.flatMap(({ outcome, id }) => (outcome === 'done' ? [id] : [])))
  }
  /** Each merge is undone twice at once. */
  const undoAll = async (): Promise<Outcome[]> => {
    const undos: { readonly id: string; readonly session: ModelSession }[] = []
    for (const id of merged.flatMap((each) => [each, each]))
      undos.push({ id, session: await ground.openForUndo(id, ids.next()) })
    return await Promise.all(undos.map(async ({ id, session }) => await ground.undo(id, session)))
  }
  const steps: readonly (() => Promise<unknown>)[] = [
    async () => await mergeMore(1),
    async () => expect(await undoAll()).toContain('done'),
    async () => await mergeMore(5),
    async () => await Promise.all([undoAll(), mergeMore(7)]),
    async () => await Promise.all([undoAll(), mergeMore(11)]),
  ]
  for (const step of steps) {
    await step()
    expect(merged).not.toEqual([])
    ground.tick()
    holdAll(await contentsOf(ground, model), model)
  }
  expect(await deadlocksOf(rooms)).toBe(0)
})
