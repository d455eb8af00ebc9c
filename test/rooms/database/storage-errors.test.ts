// What PostgreSQL says when others were in the way: a passing state, never a bug.
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { isDatabaseAway } from '../../../src/database/storage-errors.js'
import { createDatabase } from '../../support/start-service.js'

/** Two connections to a database with the rows 1 and 2. */
const two = async (): Promise<readonly [Client, Client]> => {
  const url = await createDatabase({ empty: true })
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  const [one, other] = [await connect(), await connect()]
  await one.query('create table thing as select n, 0 as value from generate_series(1, 2) as n')
  return [one, other]
}

const change = (n: number): string => `update thing set value = value + 1 where n = ${n}`

/** The errors of those statements that failed. */
const errorsOf = async (...statements: Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(statements)).flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  )

test('a deadlock is passing', async () => {
  const [one, other] = await two()
  await Promise.all([one.query('begin'), other.query('begin')])
  await Promise.all([one.query(change(1)), other.query(change(2))])
  const endWith = (client: Client, n: number) =>
    client.query(change(n)).finally(() => client.query('rollback'))
  const errors = await errorsOf(endWith(one, 2), endWith(other, 1))
  expect(errors).toMatchObject([{ code: '40P01' }])
  expect(isDatabaseAway(errors[0])).toBe(true)
})

test('a serialization failure is passing', async () => {
  const [one, other] = await two()
  await one.query('begin isolation level repeatable read')
  await one.query('select * from thing')
  await other.query(change(1))
  const [error] = await errorsOf(one.query(change(1)))
  expect(error).toMatchObject({ code: '40001' })
  expect(isDatabaseAway(error)).toBe(true)
})

test('a lock that cannot be had in time is passing', async () => {
  const [one, other] = await two()
  await one.query('begin')
  await one.query(change(1))
  await other.query('set lock_timeout = 50')
  const [error] = await errorsOf(other.query(change(1)))
  expect(error).toMatchObject({ code: '55P03' })
  expect(isDatabaseAway(error)).toBe(true)
})

test('a login or a database that is gone is passing: an operator changes it while processes run', async () => {
  const url = await createDatabase({ empty: true })
  const refusalOf = async (change: (changed: URL) => void): Promise<unknown> => {
    const changed = new URL(url)
    change(changed)
    return await new Client({ connectionString: changed.href }).connect().catch((error: unknown) => error)
  }
  const refusals = [
    await refusalOf((changed) => Object.assign(changed, { password: 'another' })),
    await refusalOf((changed) => Object.assign(changed, { pathname: '/no_such_database' })),
  ]
  const [owner] = await two()
  const role = `gone_${Date.now()}`
  await owner.query(`create role ${role} nologin password 'known'`)
  refusals.push(await refusalOf((changed) => Object.assign(changed, { username: role, password: 'known' })))
  await owner.query(`drop role ${role}`)
  expect(refusals).toMatchObject([{ code: '28P01' }, { code: '3D000' }, { code: '28000' }])
  expect(refusals.map(isDatabaseAway)).toEqual([true, true, true])
})

test('a connection that cannot be made in time is passing, a wrong statement is not', async () => {
  const [one] = await two()
  const [error] = await errorsOf(one.query('select wrong'))
  expect(isDatabaseAway(error)).toBe(false)
  expect(isDatabaseAway(new Error('timeout expired'))).toBe(true)
})

test.each([
  ['a password that was changed', (url: URL) => Object.assign(url, { password: 'old' }), '28P01'],
  ['a database that was dropped', (url: URL) => Object.assign(url, { pathname: '/dropped' }), '3D000'],
])('%s is a matter of the operator, not a bug', async (_what, change, code) => {
  const url = change(new URL(await createDatabase({ empty: true })))
  const client = new Client({ connectionString: url.href })
  const errors = await errorsOf(client.connect())
  expect(errors).toMatchObject([{ code }])
  expect(isDatabaseAway(errors[0])).toBe(true)
})
