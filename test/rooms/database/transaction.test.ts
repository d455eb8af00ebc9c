// Transactions: a call inside of one does all that a call does, on one connection, and nothing of it is ever lost or leaked.
import { LockMode } from '@mikro-orm/postgresql'
import { expect, onTestFinished, test } from 'vitest'
import type { Call } from '../../../src/database/call.js'
import { isDatabaseAway } from '../../../src/database/storage-errors.js'
import { Failure } from '../../../src/failure.js'
import { openThings, raise, rename, renumber, Thing, type Things, thing } from './open-things.js'

const ownPid = { name: 'test_pid', text: 'select pg_backend_pid() as pid, txid_current()::text as txid' }
const pidOf = async (call: Call): Promise<number> =>
  (await call.run<{ pid: number }>(ownPid, []))[0]?.pid ?? Number.NaN

const connectionsOf = async ({ tables }: Things): Promise<{ all: number; busy: number }> => {
  const [row] =
    await tables.query(`select count(*)::int as all, count(*) filter (where state <> 'idle')::int as busy
    from pg_stat_activity where datname = current_database() and application_name like 'idem%'
      and application_name <> 'idem test'`)
  return row
}

test('run, write, change and the entity manager share one connection and one transaction', async () => {
  const { call, list } = await openThings()
  await call.inTransaction(async (inner) => {
    const [first] = await inner.run<{ txid: string }>(ownPid, [])
    await inner.write(thing(1), thing(2))
    expect(await inner.change(raise(1, 0), thing(3), rename(2, 'two'))).toMatchObject([{ count: 1 }])
    const locked = await inner.em.findOne(Thing, { id: 1 }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    expect(locked?.count).toBe(1)
    expect(await inner.em.nativeUpdate(Thing, { id: 3 }, { count: 3 })).toBe(1)
    expect(await inner.em.nativeDelete(Thing, { id: { $gt: 3 } })).toBe(0)
    expect((await inner.run<{ txid: string }>(ownPid, []))[0]).toEqual(first)
    expect(await list()).toEqual([])
    expect([inner.isInTransaction, call.isInTransaction]).toEqual([true, false])
  })
  expect(await list()).toEqual(['1 - 1', '2 two 0', '3 - 3'])
})

test('statements are prepared once a connection, in transactions and outside of them', async () => {
  const { call } = await openThings(1)
  const prepared = { name: 'test_prepared', text: 'select name from pg_prepared_statements order by name' }
  await call.write(thing(1))
  await call.inTransaction(async (inner) => await inner.write(thing(2)))
  await call.inTransaction(async (inner) => await inner.write(thing(3)))
  const names = (await call.run<{ name: string }>(prepared, [])).map(({ name }) => name)
  expect(names).toEqual(['idem_write_0', 'test_prepared'])
})

test('statements that are asked for at once run one after the other', async () => {
  const { call, list } = await openThings()
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  onTestFinished(() => void process.off('warning', warn))
  await call.inTransaction(async (inner) => {
    await Promise.all([
      inner.write(thing(1)),
      inner.write(thing(2)),
      inner.em.find(Thing, {}),
      inner.write(thing(3)),
    ])
  })
  expect(await list()).toHaveLength(3)
  expect(warnings).toEqual([])
})

test('what throws leaves nothing behind', async () => {
  const { call, list } = await openThings()
  const failed = call.inTransaction(async (inner) => {
    await inner.write(thing(1))
    throw new Failure('NOT_FOUND')
  })
  await expect(failed).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await list()).toEqual([])
})

test('inside, each constraint of one table refuses in its own words', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1, { name: 'one' }), thing(2))
  const inside = (work: (inner: Call) => Promise<unknown>) => call.inTransaction(work)
  await expect(inside((inner) => inner.change(renumber(2, 1)))).rejects.toThrow('The id is taken.')
  await expect(inside((inner) => inner.change(rename(2, 'one'), thing(3)))).rejects.toThrow(
    'The name is taken.',
  )
  await expect(inside((inner) => inner.write(thing(3), renumber(2, 1)))).rejects.toThrow('The id is taken.')
  await expect(inside((inner) => inner.write(thing(3, { name: 'one' })))).rejects.toThrow(
    'The name is taken.',
  )
  expect(await list()).toEqual(['1 one 0', '2 - 0'])
})

test('inside, a change that takes no effect does not end the transaction, whatever stands beside it', async () => {
  const { call, list } = await openThings()
  await call.write(thing(1), thing(2))
  await call.inTransaction(async (inner) => {
    await inner.write(thing(3))
    expect(await inner.change(raise(1, 9), thing(4))).toEqual([])
    expect(await inner.change(raise(1, 9), thing(4), raise(2, 0))).toEqual([])
    await inner.write(thing(5))
  })
  expect(await list()).toEqual(['1 - 0', '2 - 0', '3 - 0', '5 - 0'])
})

test('a transaction inside of another is undone alone, and committed with it', async () => {
  const { call, list } = await openThings()
  const told: string[] = []
  await call.inTransaction(async (outer) => {
    await outer.write(thing(1))
    const refused = outer.inTransaction(async (inner) => {
      inner.afterCommit(() => told.push('refused'))
      await inner.write(thing(2), thing(1))
    })
    await expect(refused).rejects.toThrow('The id is taken.')
    await outer.inTransaction(async (inner) => {
      inner.afterCommit(() => told.push('kept'))
      await inner.write(thing(3))
    })
    expect(told).toEqual([])
  })
  expect(await list()).toEqual(['1 - 0', '3 - 0'])
  expect(told).toEqual(['kept'])
})

test('hooks are called after the commit, at once outside of a transaction, and never after a rollback', async () => {
  const { call, list } = await openThings()
  const seen: unknown[] = []
  const look = (what: string) => () => void seen.push(list().then((things) => `${what} ${things.length}`))
  call.afterCommit(look('outside'))
  await call.inTransaction(async (inner) => {
    inner.afterCommit(look('committed'))
    await inner.write(thing(1))
    expect(seen).toHaveLength(1)
  })
  await call
    .inTransaction(async (inner) => {
      inner.afterCommit(look('rolled back'))
      throw new Error('no')
    })
    .catch(() => undefined)
  expect(await Promise.all(seen)).toEqual(['outside 0', 'committed 1'])
})

test('a statement that failed unnoticed does not pass for a commit', async () => {
  const { call, list } = await openThings()
  const told: string[] = []
  const swallowed = call.inTransaction(async (inner) => {
    inner.afterCommit(() => told.push('committed'))
    await inner.write(thing(1))
    await inner.write(thing(1)).catch(() => undefined)
  })
  await expect(swallowed).rejects.toThrow('failed unnoticed')
  expect([await list(), told]).toEqual([[], []])
})

test('a statement that comes too late does not run on a connection that is another caller’s by then', async () => {
  const { call, list } = await openThings(1)
  let leaked: Call = call
  await call.inTransaction(async (inner) => {
    leaked = inner
  })
  await expect(leaked.write(thing(1))).rejects.toThrow('outside of its transaction')
  await expect(leaked.em.find(Thing, {})).rejects.toThrow('outside of its transaction')
  await expect(leaked.inTransaction(async () => undefined)).rejects.toThrow('outside of its transaction')
  expect(await list()).toEqual([])
})

test.for(['between begin and commit', 'and nothing more is asked'])(
  'a connection that is killed is UNAVAILABLE, changes nothing and is replaced: %s',
  async (when) => {
    const things = await openThings(2)
    const { call, tables, list } = things
    const broken = call.inTransaction(async (inner) => {
      await inner.write(thing(1))
      await tables.query('select pg_terminate_backend($1)', [await pidOf(inner)])
      if (when === 'between begin and commit') await inner.write(thing(2))
    })
    const error: unknown = await broken.catch((thrown) => thrown)
    expect(isDatabaseAway(error)).toBe(true)
    expect(await list()).toEqual([])
    await Promise.all([call.write(thing(3)), call.write(thing(4)), call.write(thing(5))])
    expect((await connectionsOf(things)).all).toBeLessThanOrEqual(2)
  },
)

test('after a thousand broken transactions the pool is what it was', async () => {
  const things = await openThings(3)
  const { call, tables, list } = things
  const breaks = [
    async () => {
      throw new Error('no')
    },
    async (inner: Call) => await inner.write(thing(1), thing(1)),
    async (inner: Call) => await inner.run({ name: 'test_wrong', text: 'select wrong' }, []),
    async (inner: Call) =>
      await inner.inTransaction(async (nested) => await nested.write(thing(1), thing(1))),
  ]
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, n) => {
      const error: unknown = await call
        .inTransaction(async (inner) => {
          if (n % 50 === 0) await tables.query('select pg_terminate_backend($1)', [await pidOf(inner)])
          await breaks[n % breaks.length]?.(inner)
        })
        .catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Error)
    }),
  )
  await Promise.all([call.write(thing(1)), call.write(thing(2)), call.write(thing(3)), call.write(thing(4))])
  expect(await list()).toHaveLength(4)
  const { all, busy } = await connectionsOf(things)
  expect(all).toBeLessThanOrEqual(3)
  expect(busy).toBe(0)
}, 60_000)

test('a long transaction outlives the limit of a request, on a connection apart', async () => {
  const { call, tables, list } = await openThings(1)
  const limitOf = async (inner: Call) =>
    (
      await inner.run<{ limit: string }>(
        { name: 'test_limit', text: "select current_setting('statement_timeout') as limit" },
        [],
      )
    )[0]?.limit
  expect(await call.inTransaction(limitOf)).toBe('5s')
  await call.inLongTransaction(async (inner) => {
    expect(await limitOf(inner)).toBe('0')
    await inner.write(thing(1))
    expect(await inner.em.count(Thing)).toBe(1)
    // The one connection of the pool is free meanwhile.
    await call.write(thing(2))
    expect(
      (await tables.query("select 1 from pg_stat_activity where application_name = 'idem long'")).length,
    ).toBeGreaterThan(0)
  })
  expect(await list()).toEqual(['1 - 0', '2 - 0'])
})

test('a long transaction whose connection is killed is UNAVAILABLE, and the next one is made anew', async () => {
  const { call, tables, list } = await openThings(1)
  const broken = call.inLongTransaction(async (inner) => {
    await inner.write(thing(1))
    await tables.query('select pg_terminate_backend($1)', [await pidOf(inner)])
    await inner.write(thing(2))
  })
  expect(isDatabaseAway(await broken.catch((thrown) => thrown))).toBe(true)
  await call.inLongTransaction(async (inner) => await inner.write(thing(3)))
  expect(await list()).toEqual(['3 - 0'])
})

test('a savepoint that outlives its transaction touches nothing on the connection, which others have by then', async () => {
  const { call, list } = await openThings(1)
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const late: Promise<unknown>[] = []
  await call.inTransaction(async (outer) => {
    late.push(outer.inTransaction(async () => await first.promise).catch((error: unknown) => error))
    await outer.write(thing(1))
  })
  await call.inTransaction(async (other) => {
    await other.write(thing(2))
    const nested = other.inTransaction(async (inner) => {
      await inner.write(thing(3))
      await second.promise
      throw new Error('not this one')
    })
    const refused = expect(nested).rejects.toThrow('not this one')
    first.resolve()
    expect(String(await late[0])).toContain('outside of its transaction')
    second.resolve()
    await refused
  })
  expect(await list()).toEqual(['1 - 0', '2 - 0'])
})
