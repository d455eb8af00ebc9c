// A PostgreSQL that hangs (frozen by SIGSTOP): whoever holds connections to it can still end.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../../src/database/database.js'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { Notifications } from '../../../src/database/notifications.js'
import { entities } from '../../../src/entities.js'
import { createMetrics, type Metrics } from '../../../src/runtime/metrics.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { silentLogger } from '../../support/start-service.js'

let url = ''
let postmaster = 0

beforeAll(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'idem-frozen-'))
  await chmod(parent, 0o711)
  const directory = join(parent, 'postgres')
  const server = await startEmbeddedPostgres({ directory, log: silentLogger, random: systemRandom })
  url = server.connectionString
  postmaster = Number((await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])
  return async () => {
    await server.stop()
    await rm(parent, { recursive: true, force: true })
  }
})

/** The processes of the server that serve connections of this name. */
const backends = async (applicationName: string): Promise<number[]> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const sql = 'select pid from pg_stat_activity where application_name = $1'
    const { rows } = await client.query<{ pid: number }>(sql, [applicationName])
    return rows.map(({ pid }) => pid)
  } finally {
    await client.end()
  }
}

/** Freezes the server and these of its processes for as long as `work` takes. */
const whileFrozen = async (pids: readonly number[], work: () => Promise<void>): Promise<void> => {
  const all = [postmaster, ...pids]
  try {
    for (const pid of all) process.kill(pid, 'SIGSTOP')
    await work()
  } finally {
    for (const pid of all) process.kill(pid, 'SIGCONT')
  }
}

const millisecondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

const isUp = async ({ databaseUp }: Metrics): Promise<boolean> =>
  (await databaseUp.get()).values[0]?.value === 1

/** A listener beside a pool of its own. */
const openNotifications = async (metrics: Metrics): Promise<Notifications> => {
  const database = await Database.open({ url, poolSize: 2, entities, logger: silentLogger, metrics })
  onTestFinished(() => database.close())
  return new Notifications(url, database, silentLogger, metrics)
}

test('the listener says by its beat whether the database answers, and stops though it does not', async () => {
  const metrics = createMetrics()
  const notifications = await openNotifications(metrics)
  expect(await isUp(metrics)).toBe(false)
  await notifications.start()
  expect(await isUp(metrics)).toBe(true)
  await whileFrozen(await backends('idem listener'), async () => {
    expect(await millisecondsOf(() => notifications.stop())).toBeLessThan(2_000)
  })
})

test('a listener that finds the database frozen counts it as away, and hears again once it is back', async () => {
  const metrics = createMetrics()
  const notifications = await openNotifications(metrics)
  onTestFinished(() => notifications.stop())
  await notifications.start()
  await whileFrozen(await backends('idem listener'), async () => {
    await expect.poll(() => isUp(metrics), { timeout: 5_000 }).toBe(false)
    expect(notifications.trusted).toBe(false)
  })
  await expect.poll(() => isUp(metrics), { timeout: 10_000 }).toBe(true)
  expect(notifications.trusted).toBe(true)
})

test('a listener that is stopped while it connects leaves no connection', async () => {
  const notifications = await openNotifications(createMetrics())
  await whileFrozen([], async () => {
    const started = notifications.start()
    expect(await millisecondsOf(() => notifications.stop())).toBeLessThan(2_000)
    expect(await millisecondsOf(() => started)).toBeLessThan(1_500)
  })
  await expect.poll(() => backends('idem listener'), { timeout: 5_000 }).toEqual([])
  expect(notifications.trusted).toBe(false)
})

test('a closed pool leaves no connection', async () => {
  const metrics = createMetrics()
  const database = await Database.open({ url, poolSize: 2, entities, logger: silentLogger, metrics })
  expect(await database.answers()).toBe(true)
  await database.close()
  await expect.poll(() => backends('idem'), { timeout: 2_000 }).toEqual([])
})

test.each(['idle', 'busy'])('a pool whose connection is %s closes within about 2 s', async (state) => {
  const metrics = createMetrics()
  const database = await Database.open({ url, poolSize: 2, entities, logger: silentLogger, metrics })
  expect(await database.answers()).toBe(true)
  await whileFrozen(await backends('idem'), async () => {
    const query =
      state === 'busy'
        ? database.run({ name: 'test_busy', text: 'select 1' }, []).then(
            () => true,
            () => false,
          )
        : Promise.resolve(false)
    // It is sent by now.
    await setTimeout(50)
    expect(await millisecondsOf(() => database.close())).toBeLessThan(3_000)
    expect(await millisecondsOf(() => query)).toBeLessThan(500)
    expect(await query).toBe(false)
  })
})
