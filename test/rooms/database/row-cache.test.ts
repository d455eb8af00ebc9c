// The cache of rows: bounded by memory, told of changes by id, and never wiser than what was committed.
import { expect, test } from 'vitest'
import { type ChangeListener } from '../../../src/database/notifications.js'
import { RowCache, type RowCacheOptions } from '../../../src/database/row-cache.js'

interface Thing {
  readonly id: string
  readonly text: string
}

/** A cache over rows that the test changes, which counts how often it looks. */
const openCache = (options: Partial<RowCacheOptions<Thing>> = {}) => {
  let tell: ChangeListener = () => undefined
  const state = { trusted: true, looks: 0, rows: new Map<string, Thing>() }
  const notifications = {
    on: (_table: string, listener: ChangeListener) => {
      tell = listener
    },
    get trusted() {
      return state.trusted
    },
  }
  const cache = new RowCache<Thing>({
    table: 'thing',
    notifications,
    maxBytes: 100_000,
    maxMisses: 0,
    ...options,
  })
  const look = async (key: string, isInTransaction = false): Promise<Thing | null> =>
    await cache.find({ isInTransaction }, key, async () => {
      state.looks += 1
      return state.rows.get(key) ?? null
    })
  return { cache, state, look, tell: (id: string) => tell(id) }
}

const one: Thing = { id: 'one', text: '' }

test('a row is loaded once, until it is said to have changed', async () => {
  const { state, look, tell } = openCache()
  state.rows.set('one', one)
  await Promise.all([look('one'), look('one')])
  expect(await look('one')).toBe(one)
  expect(state.looks).toBe(1)
  tell('one')
  await look('one')
  expect(state.looks).toBe(2)
  tell('*')
  await look('one')
  expect(state.looks).toBe(3)
})

test('the memory that rows take is bounded, however long their texts', async () => {
  const { state, look } = openCache({ maxBytes: 1_000_000 })
  const text = 'x'.repeat(50_000)
  for (let n = 0; n < 20; n += 1) state.rows.set(`${n}`, { id: `${n}`, text })
  for (const key of state.rows.keys()) await look(key)
  // Of 100 kB each.
  for (const key of [...state.rows.keys()].toReversed()) await look(key)
  expect(state.looks).toBe(20 + 20 - 9)
  state.rows.set('giant', { id: 'giant', text: 'x'.repeat(2_000_000) })
  await look('giant')
  await look('19')
  expect(state.looks).toBe(20 + 20 - 9 + 2)
})

test('misses are remembered where that is allowed, and only so many', async () => {
  const forgetful = openCache()
  await forgetful.look('nobody')
  await forgetful.look('nobody')
  expect(forgetful.state.looks).toBe(2)
  const { state, look, cache, tell } = openCache({ maxMisses: 10 })
  for (let round = 0; round < 3; round += 1) for (let n = 0; n < 10; n += 1) await look(`nobody ${n}`)
  expect(state.looks).toBe(10)
  for (let n = 0; n < 1_000; n += 1) await look(`stranger ${n}`)
  expect(state.looks).toBe(1_010)
  await look('nobody 0')
  expect(state.looks).toBe(1_011)
  // Made since, by this process or, with a trigger for it, by another.
  state.rows.set('nobody 0', one)
  expect(await look('nobody 0')).toBeNull()
  cache.forget('nobody 0')
  expect(await look('nobody 0')).toBe(one)
  state.rows.set('stranger 999', one)
  tell('*')
  expect(await look('stranger 999')).toBe(one)
})

test('a row under several keys is forgotten by its id under all of them', async () => {
  const { state, look, tell } = openCache({ idOf: ({ id }) => id })
  for (const key of ['one', 'first key', 'second key']) state.rows.set(key, one)
  for (const key of state.rows.keys()) await look(key)
  tell('another')
  for (const key of state.rows.keys()) await look(key)
  expect(state.looks).toBe(3)
  tell('one')
  for (const key of state.rows.keys()) await look(key)
  expect(state.looks).toBe(6)
  // The row behind a key has become another.
  tell('first key')
  state.rows.set('first key', { id: 'two', text: '' })
  expect(await look('first key')).toEqual({ id: 'two', text: '' })
  tell('two')
  await look('first key')
  await look('second key')
  expect(state.looks).toBe(8)
})

test('what a load finds that a change overtook is answered but not kept, by whichever key', async () => {
  const { cache, tell } = openCache({ idOf: ({ id }) => id })
  const loads: PromiseWithResolvers<Thing>[] = []
  const find = async () =>
    await cache.find({ isInTransaction: false }, 'key', async () => {
      const load = Promise.withResolvers<Thing>()
      loads.push(load)
      return await load.promise
    })
  const early = find()
  tell('one')
  const late = find()
  expect(loads).toHaveLength(2)
  loads[0]?.resolve({ id: 'one', text: 'old' })
  loads[1]?.resolve({ id: 'one', text: 'new' })
  expect(await early).toMatchObject({ text: 'old' })
  expect(await late).toMatchObject({ text: 'new' })
  expect(await find()).toMatchObject({ text: 'new' })
  expect(loads).toHaveLength(2)
})

test('inside of a transaction nothing is believed, and nothing is kept', async () => {
  const { state, look } = openCache({ maxMisses: 10 })
  state.rows.set('one', one)
  await look('one')
  state.rows.set('one', { id: 'one', text: 'not committed' })
  expect(await look('one', true)).toMatchObject({ text: 'not committed' })
  expect(await look('one')).toBe(one)
  expect(await look('two', true)).toBeNull()
  state.rows.set('two', one)
  expect(await look('two')).toBe(one)
})

test('without trust every look loads', async () => {
  const { state, look } = openCache({ maxMisses: 10 })
  state.rows.set('one', one)
  await look('one')
  await look('nobody')
  state.trusted = false
  await look('one')
  await look('nobody')
  expect(state.looks).toBe(4)
})

test('a load that fails is tried again', async () => {
  const { cache } = openCache({ maxMisses: 10 })
  const find = async (load: () => Promise<Thing | null>) =>
    await cache.find({ isInTransaction: false }, 'one', load)
  await expect(
    find(async () => {
      throw new Error('away')
    }),
  ).rejects.toThrow('away')
  expect(await find(async () => one)).toBe(one)
})
