// Writing: rows and changes as one statement, all of them or none, each refusal in its own words.
import { expect, test } from 'vitest'
import { FromChange, rowOf } from '../../../src/database/row.js'
import { Failure } from '../../../src/failure.js'
import { madeAt, openThings, raise, rename, renumber, Thing, type Things, thing } from './open-things.js'

const statementsOf = async ({ metrics }: Things, work: () => Promise<unknown>): Promise<number> => {
  const count = async () => (await metrics.databaseStatements.get()).values[0]?.value ?? 0
  const before = await count()
  await work()
  return (await count()) - before
}

const preparedOf = async ({ database }: Things): Promise<number> =>
  (
    await database.run<{ name: string }>(
      {
        name: 'test_prepared',
        text: "select name from pg_prepared_statements where name like 'idem_write_%'",
      },
      [],
    )
  ).length

const spent = () => new Failure('CHALLENGE_SPENT')

test('every type of column is written as it is', async () => {
  const { call, tables } = await openThings()
  const values = {
    name: 'a "quoted" \\ name, ß, 😀',
    tags: ['one', 'two, "three"', ''],
    detail: { nested: { list: [1, null, 'x'] } },
    bytes: Buffer.from([0, 1, 255]),
    count: 7,
  }
  await call.write(thing(1, values), thing(2))
  expect(await tables.query('select * from thing order by id')).toEqual([
    { id: 1, ...values, at: madeAt },
    { id: 2, name: null, tags: [], detail: {}, bytes: null, count: 0, at: madeAt },
  ])
})

test('a set of rows is one statement, the same one however many they are', async () => {
  const things = await openThings(1)
  const { call, list } = things
  let id = 0
  for (const size of [1, 2, 3, 500]) {
    const rows = Array.from({ length: size }, () => thing(++id, { tags: ['a', 'b'] }))
    expect(await statementsOf(things, async () => await call.write(...rows))).toBe(1)
  }
  expect(await list()).toHaveLength(506)
  expect(await preparedOf(things)).toBe(1)
})

test('nothing at all is no statement', async () => {
  const things = await openThings()
  expect(await statementsOf(things, async () => await things.call.write())).toBe(0)
})

test('several changes and rows are one statement', async () => {
  const things = await openThings()
  const { call, list } = things
  await call.write(thing(1), thing(2), thing(3))
  const parts = [raise(1, 0), rename(2, 'two'), thing(4), { ...raise(3, 0), otherwise: spent }]
  expect(await statementsOf(things, async () => await call.write(...parts))).toBe(1)
  expect(await list()).toEqual(['1 - 1', '2 two 0', '3 - 1', '4 - 0'])
})

test('a change that may have no effect keeps nothing else from being written', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1))
  await call.write(raise(1, 99), thing(2))
  expect(await list()).toEqual(['1 - 0', '2 - 0'])
})

test.for([0, 1, 2])(
  'where a change must take effect and does not, nothing is written: as part %i',
  async (place) => {
    const { call, list } = await openThings()
    await call.write(thing(1), thing(2))
    const parts = [raise(1, 0), thing(3)]
    parts.splice(place, 0, { ...raise(2, 99), otherwise: spent })
    await expect(call.write(...parts)).rejects.toMatchObject({ code: 'CHALLENGE_SPENT' })
    expect(await list()).toEqual(['1 - 0', '2 - 0'])
  },
)

test('of several changes that must take effect each has its own failure', async () => {
  const { call } = await openThings()
  await call.write(thing(1), thing(2))
  const gone = () => new Failure('NOT_FOUND')
  const both = (first: number, second: number) =>
    call.write({ ...raise(1, first), otherwise: spent }, { ...raise(2, second), otherwise: gone })
  await expect(both(9, 0)).rejects.toMatchObject({ code: 'CHALLENGE_SPENT' })
  await expect(both(0, 9)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await both(0, 0)
})

test('of twenty at once that each must take effect, one does', async () => {
  const { call, list } = await openThings(10)
  await call.write(thing(1))
  const tries = Array.from({ length: 20 }, (_, n) =>
    call.write({ ...raise(1, 0), otherwise: spent }, thing(100 + n)),
  )
  const results = await Promise.allSettled(tries)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await list()).toHaveLength(2)
})

test('each constraint of one table refuses in its own words, be it a row or a change', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1, { name: 'one' }), thing(2))
  const [id, name] = [{ message: 'The id is taken.' }, { message: 'The name is taken.' }]
  await expect(call.write(thing(1))).rejects.toMatchObject(id)
  await expect(call.write(thing(3, { name: 'one' }))).rejects.toMatchObject(name)
  await expect(call.write(renumber(2, 1))).rejects.toMatchObject(id)
  await expect(call.write(thing(3), rename(2, 'one'))).rejects.toMatchObject(name)
  await expect(call.change(rename(2, 'one'), thing(3))).rejects.toMatchObject(name)
  expect(await list()).toEqual(['1 one 0', '2 - 0'])
})

test('a constraint that nobody expected is a bug, whose log line tells no value', async () => {
  const { call } = await openThings()
  const error: unknown = await call.write(thing(1, { count: -1, name: 'a secret' })).catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'INTERNAL' })
  expect((error as Failure).details.reason).toContain('thing_count_check')
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('a secret')
  expect((error as Failure).details.cause).toBeUndefined()
})

test('what is refused leaves the connection in the pool', async () => {
  const { call, database } = await openThings(1)
  await call.write(thing(1))
  const pid = async () =>
    (await database.run<{ pid: number }>({ name: 'test_pid', text: 'select pg_backend_pid() as pid' }, []))[0]
      ?.pid
  const before = await pid()
  await expect(call.write(thing(1))).rejects.toThrow()
  await expect(call.write({ ...raise(1, 9), otherwise: spent })).rejects.toThrow()
  expect(await pid()).toBe(before)
})

test('a change that leads writes the rest only when it took effect, and says what it changed', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1), thing(2))
  expect(await call.change(raise(1, 0), thing(3))).toEqual([{ id: 1, count: 1, at: madeAt }])
  expect(await call.change(raise(1, 0), thing(4))).toEqual([])
  expect(await call.change(raise(1, 0), thing(4), raise(2, 0))).toEqual([])
  expect(await call.change(raise(1, 1), thing(4), raise(2, 0))).toHaveLength(1)
  await expect(call.change({ ...raise(1, 1), otherwise: spent }, thing(5))).rejects.toMatchObject({
    code: 'CHALLENGE_SPENT',
  })
  expect(await list()).toEqual(['1 - 2', '2 - 1', '3 - 0', '4 - 0'])
})

const copyOf = (id: number, count: FromChange) =>
  rowOf(Thing, { id, name: null, tags: [], detail: {}, bytes: null, count, at: madeAt })

test('a row takes a value from the change that leads, or from one that it names', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1, { count: 5 }), thing(2, { count: 8 }))
  await call.change(raise(1, 5), copyOf(3, new FromChange('count')), thing(4))
  await call.write(raise(2, 8), copyOf(5, new FromChange('count', 'test_raise')))
  expect(await list()).toEqual(['1 - 6', '2 - 9', '3 - 6', '4 - 0', '5 - 9'])
  await expect(call.write(copyOf(6, new FromChange('count')))).rejects.toThrow('no change that leads')
})
