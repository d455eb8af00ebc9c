// Every connection leads to one server that can be written to, and what is written through the pool is heard.
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import type { Connection } from '../../../src/database/connection.js'
import type { Database } from '../../../src/database/database.js'
import { lookOut } from '../../../src/database/look-out.js'
import { Notifications } from '../../../src/database/notifications.js'
import { SameServer } from '../../../src/database/same-server.js'
import { isDatabaseAway } from '../../../src/database/storage-errors.js'
import { createLogger } from '../../../src/runtime/logger.js'
import { createMetrics } from '../../../src/runtime/metrics.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'
import { openDatabase } from '../../support/open-database.js'
import { onServer } from '../../support/postgres.js'
import { createDatabase, freePort, silentLogger } from '../../support/start-service.js'

const pid = async (connection: Connection): Promise<number> => {
  const statement = { name: 'test_pid', text: 'select pg_backend_pid() as pid' }
  return (await connection.run<{ pid: number }>(statement, []))[0]?.pid ?? 0
}

/** Both connections of the pool. */
const pids = async (database: Database): Promise<number[]> =>
  await database.transact(async (transaction) => [await pid(transaction), await pid(database)], 'request')

const setReadOnly = async (url: string, value: 'on' | 'off'): Promise<void> =>
  await onServer(
    inject('postgresUrl'),
    `alter database "${new URL(url).pathname.slice(1)}" set default_transaction_read_only = ${value}`,
  )

const listen = async (url: string, database: Database): Promise<Notifications> => {
  const notifications = new Notifications(url, database, silentLogger, createMetrics())
  onTestFinished(async () => await notifications.stop())
  await notifications.start()
  return notifications
}

test('a server that is read-only is never used: as long as it is, the database is away', async () => {
  const url = await createDatabase()
  await setReadOnly(url, 'on')
  const database = await openDatabase(url)
  expect(await database.answers()).toBe(false)
  const refusal = await pid(database).catch((error: unknown) => error)
  expect(isDatabaseAway(refusal)).toBe(true)
  const notifications = await listen(url, database)
  expect(notifications.trusted).toBe(false)

  await setReadOnly(url, 'off')
  expect(await pid(database)).toBeGreaterThan(0)
  await expect.poll(() => database.answers(), { timeout: 5_000 }).toBe(true)
  await expect.poll(() => notifications.trusted, { timeout: 5_000 }).toBe(true)
})

test.each(['statement', 'transaction'])(
  'a %s that is refused as read-only drops every connection',
  async (kind) => {
    const url = await createDatabase()
    const database = await openDatabase(url)
    const before = await pids(database)
    await database.run({ name: 'test_fence', text: 'set default_transaction_read_only = on' }, [])
    const write = { name: 'test_write', text: `update handle set kept_since = now()` }
    const refusal = await (kind === 'statement'
      ? database.run(write, [])
      : database.transact(async (transaction) => await transaction.run(write, []), 'request')
    ).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: '25006' })
    // A request that takes one of them at once is told that it is gone.
    await expect.poll(async () => (await pids(database).catch(() => [])).length).toBe(2)
    const after = await pids(database)
    expect(after.filter((one) => before.includes(one))).toEqual([])
    await database.run(write, [])
  },
)

test('of servers that answer in turn the log tells once, not at each turn', async () => {
  const lines: string[] = []
  const destination = { write: (line: string): void => void lines.push(line) }
  const sameServer = new SameServer(
    createLogger({ level: 'warn', requestScope: new RequestScope(), destination }),
  )
  const url = await createDatabase({ empty: true })
  for (let turn = 1; turn <= 5; turn += 1) {
    const client = new pg.Client({ connectionString: url })
    const closed = new Promise<void>((resolve) => void client.once('end', resolve))
    client.on('error', () => undefined)
    sameServer.watch(client)
    await client.connect()
    await sameServer.admit(client)
    sameServer.check({ isReadOnly: false, server: `another one ${turn}` })
    await closed
  }
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('another database server answers')
})

test('a look at a server that accepts and stays silent ends soon, however long a connection may take', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => void sockets.add(socket))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const port = await freePort()
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
  // Otherwise there would soon be a dozen of them, one each 5 s.
  const url = `postgres://idem@127.0.0.1:${port}/idem?connect_timeout=60`
  await lookOut(url, new SameServer(silentLogger), new AbortController().signal)
  expect(sockets.size).toBe(1)
})

test('a listener that does not hear what is written through the pool is not trusted, though both answer', async () => {
  const [one, other] = [await createDatabase(), await createDatabase()]
  const database = await openDatabase(one)
  // Notifications stay in their database, so this is like a listener that was left on another server.
  const deaf = await listen(other, database)
  expect(await database.answers()).toBe(true)
  expect(deaf.trusted).toBe(false)
  expect((await listen(one, database)).trusted).toBe(true)
})

test('the proof never waits behind requests that use the whole pool', async () => {
  const url = await createDatabase()
  const database = await openDatabase(url)
  const notifications = await listen(url, database)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const busy = [1, 2].map(async () => await database.transact(async () => await released, 'request'))
  // Longer than it would be trusted without a proof.
  await sleep(1_500)
  expect(notifications.trusted).toBe(true)
  release()
  await Promise.all(busy)
})

test('a thousand questions whether the database answers are one write', async () => {
  const metrics = createMetrics()
  const database = await openDatabase(await createDatabase(), metrics)
  const answers = await Promise.all(Array.from({ length: 1_000 }, async () => await database.answers()))
  expect(new Set(answers)).toEqual(new Set([true]))
  expect((await metrics.databaseStatements.get()).values[0]?.value).toBe(1)
})
