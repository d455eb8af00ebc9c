// The outbox under fire: workers are killed, PostgreSQL and Redis die and come back, PostgreSQL fails over to another server, and every mail that was promised arrives.
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { systemRandom } from '../../src/runtime/random.js'
import { codeOf, dataOf, millisecondsUntil } from '../support/calls.js'
import { codeIn } from '../support/mail-reader.js'
import { PostgresPair } from '../support/postgres-pair.js'
import { IdemProcess } from '../support/process.js'
import { describeOnRedis } from '../support/queue-backends.js'
import { findRedisServer, RedisServer } from '../support/redis.js'
import { SmtpServer } from '../support/smtp-server.js'
import { silentLogger, type TestService } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

/**
 * How much fire; `restarts` are of each server that dies, `sample` how many sign in at last. What a killed worker did not report is
 * asked about most of a minute later: `awaitsReports` says whether that is waited for.
 */
const sizes = {
  tenth: { signIns: 200, kills: 2, restarts: 1, sample: 10, awaitsReports: false },
  full: { signIns: 2_000, kills: 20, restarts: 2, sample: 50, awaitsReports: true },
}
/** `IDEM_TEST_FIRE=full` is for CI: it takes minutes. */
const size = process.env['IDEM_TEST_FIRE'] === 'full' ? sizes.full : sizes.tenth

/** Jobs that a worker does at once: what it may have sent and not noted when it is killed. */
const concurrency = 16
/** Whoever asks for mails asks for so many at once. */
const askers = 8
/** A server is away for so long, which everybody notices. In milliseconds. */
const awayMilliseconds = 700
/** A killed worker's mails come after seconds, a lost report after most of a minute; a busy machine needs longer. In milliseconds. */
const patienceMilliseconds = 240_000
const testMilliseconds = 15 * 60_000

const never = '1000000000'
const environment = {
  IDEM_SECRET: 'the-secret-of-the-processes-under-fire',
  IDEM_PUBLIC_URL: 'http://idem.test:4000',
  IDEM_LOG_LEVEL: 'error',
  IDEM_WORKER_CONCURRENCY: String(concurrency),
  IDEM_THROTTLE_MAILS_PER_SOURCE: never,
  IDEM_THROTTLE_SIGN_INS_PER_SOURCE: never,
  IDEM_MAILS_PER_DOMAIN: '1000000',
}

/** What the processes work on, and what happens to it. */
interface Ground {
  readonly name: string
  readonly databaseUrl: string
  readonly redisUrl?: string
  /** Each happens so often, spread evenly over the mails. */
  readonly rounds: number
  readonly strokes: readonly (() => Promise<void>)[]
}

/** A PostgreSQL of the test's own, that is killed and comes back. */
const onPostgres = async (): Promise<Ground> => {
  const parent = await mkdtemp(join(tmpdir(), 'idem-fire-'))
  await chmod(parent, 0o711)
  onTestFinished(async () => await rm(parent, { recursive: true, force: true }))
  const directory = join(parent, 'postgres')
  const server = await startEmbeddedPostgres({ directory, log: silentLogger, random: systemRandom })
  onTestFinished(async () => await server.stop())
  const restart = async (): Promise<void> => {
    const file = await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')
    const postmaster = Number(file.split('\n')[0])
    // As `pg_ctl stop -m immediate` does: no goodbye, no checkpoint.
    process.kill(postmaster, 'SIGQUIT')
    await millisecondsUntil(patienceMilliseconds, async () => !isRunning(postmaster))
    await sleep(awayMilliseconds)
    await server.ensureRunning()
  }
  return {
    name: 'PostgreSQL',
    databaseUrl: server.connectionString,
    rounds: size.restarts,
    strokes: [restart],
  }
}

/** The same with a Redis, which is killed, too. */
const onRedis = async (redis: RedisServer): Promise<Ground> => {
  const ground = await onPostgres()
  const strokes = [...ground.strokes, async () => await redis.restart('SIGKILL')]
  return { ...ground, name: 'Redis', redisUrl: redis.takeUrl(), strokes }
}

/** A value of somebody else, of which some fill a Redis of 3 MB. */
const ballast = 'x'.repeat(20_000)
const ballastKeys = 200

/** Fills the memory of a Redis with other data for a while: it refuses to take anything, or evicts what it has. */
const squeeze = async (redis: RedisServer): Promise<void> =>
  await redis.ask(async (client) => {
    const end = performance.now() + 2 * awayMilliseconds
    for (let index = 0; performance.now() < end; index++)
      await client.set(`ballast-${index % ballastKeys}`, ballast).catch(() => sleep(1))
    await client.del(Array.from({ length: ballastKeys }, (_, index) => `ballast-${index}`))
  })

/** A Redis of 3 MB, which others fill. */
const onSmallRedis = async (policy: 'noeviction' | 'allkeys-lru'): Promise<Ground> => {
  const program = findRedisServer()
  if (program === null) throw new Error('needs redis-server')
  // The empty databases and statistics of a Redis take most of it.
  const redis = await RedisServer.start(program, { maxmemory: '3mb', 'maxmemory-policy': policy })
  onTestFinished(async () => await redis.stop())
  const ground = await onPostgres()
  const strokes = [...ground.strokes, async () => await squeeze(redis)]
  return { ...ground, name: `a full Redis (${policy})`, redisUrl: redis.takeUrl(), strokes }
}

/** A primary that stays reachable when its replica takes over. */
const onPair = async (): Promise<Ground> => {
  const pair = await PostgresPair.start()
  return {
    name: 'PostgreSQL that fails over',
    databaseUrl: pair.url,
    rounds: 1,
    strokes: [async () => await pair.failOver()],
  }
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What was acknowledged: the challenge's id by its address. */
type Acknowledged = Map<string, string>

const issueQuery = `mutation ($address: String!) {
  issueChallenge(input: { email: { address: $address } }) { id } }`

/** Asks for one mail until the service says that it comes. */
const askForMail = async (idem: TestService, address: string): Promise<string> => {
  for (;;) {
    const answer = await idem.ask(issueQuery, { address })
    if (codeOf(answer) !== 'UNAVAILABLE') return dataOf(answer).issueChallenge.id
    await sleep(100)
  }
}

/** Asks for all mails, some at once. */
const askForMails = async (idem: TestService, acknowledged: Acknowledged): Promise<void> => {
  const addresses = Array.from({ length: size.signIns }, (_, index) => `reader-${index}@example.org`)
  const askOneByOne = async (): Promise<void> => {
    for (let address = addresses.pop(); address !== undefined; address = addresses.pop())
      acknowledged.set(address, await askForMail(idem, address))
  }
  await Promise.all(Array.from({ length: askers }, askOneByOne))
}

/** Where the fire is: what is killed when, spread evenly over the mails. */
interface Fire {
  readonly killWorker: () => Promise<void>
  readonly ground: Ground
}

const planOf = ({ killWorker, ground: { rounds, strokes } }: Fire): (() => Promise<void>)[] => {
  const plan = Array.from({ length: size.kills }, () => killWorker)
  for (let round = rounds; round > 0; round--)
    plan.splice(Math.floor((plan.length * round) / (rounds + 1)), 0, ...strokes)
  return plan
}

const burn = async (plan: readonly (() => Promise<void>)[], sent: () => number): Promise<void> => {
  for (const [index, event] of plan.entries()) {
    const due = (size.signIns * (index + 1)) / (plan.length + 1)
    await millisecondsUntil(patienceMilliseconds, async () => sent() >= due)
    await event()
  }
}

/** The Message-IDs of the mails of the acknowledged challenges, by address. */
const promisedMails = async (tables: Tables, acknowledged: Acknowledged): Promise<Map<string, string>> => {
  const hashes = [...acknowledged.values()].map((id) => createHash('sha256').update(id).digest('base64url'))
  const rows = await tables.query(
    'select m.address, m.id from held_challenge h join mail m on m.cause_id = h.id where h.id_hash = any($1)',
    [hashes],
  )
  return new Map(rows.map(({ address, id }) => [address, `<${id}@idem.test>`]))
}

/** Waits until each mail is settled: after that it is never sent again. */
const untilSettled = async (tables: Tables): Promise<void> => {
  const left = size.awaitsReports
    ? `(select count(*)::int from mail where settled_at is null) +
        (select count(*)::int from outbox_entry where done_at is null)`
    : '(select count(*)::int from mail where settled_at is null)'
  await millisecondsUntil(
    patienceMilliseconds,
    async () => (await tables.query(`select ${left} as left`))[0].left === 0,
  )
}

const signInWith = async (idem: TestService, challengeId: string, code: string): Promise<string | null> =>
  codeOf(
    await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }', {
      input: { challengeId, proof: { email: { code } } },
    }),
  )

const walkThroughFire = async (ground: Ground): Promise<void> => {
  const startedAt = performance.now()
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  const settings = {
    ...environment,
    DATABASE_URL: ground.databaseUrl,
    SMTP_URL: smtp.url,
    ...(ground.redisUrl === undefined ? {} : { REDIS_URL: ground.redisUrl }),
  }
  const start = async (role: string): Promise<IdemProcess> => {
    const started = await IdemProcess.start(settings, [role])
    onTestFinished(async () => void (await started.stop('SIGKILL')))
    return started
  }
  const api = await (await start('api')).ready()
  const idem = api.asService(ground.databaseUrl)
  let worker = await (await start('worker')).ready()

  // 1 people ask for mails while everything around them dies and comes back
  const acknowledged: Acknowledged = new Map()
  const plan = planOf({
    killWorker: async () => {
      await worker.stop('SIGKILL')
      worker = await start('worker')
    },
    ground,
  })
  await Promise.all([askForMails(idem, acknowledged), burn(plan, () => smtp.count())])
  expect(acknowledged.size).toBe(size.signIns)

  // 2 what was promised has arrived, and was repeated only where a kill explains it
  const tables = await Tables.open(ground.databaseUrl)
  onTestFinished(async () => await tables.close())
  await untilSettled(tables)
  const promised = await promisedMails(tables, acknowledged)
  const arrived = smtp.countByMessageId()
  const lost = [...promised.values()].filter((id) => !arrived.has(id))
  const duplicates = smtp.count() - arrived.size
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  process.stdout.write(
    `outbox under fire on ${ground.name}: ${acknowledged.size} acknowledged, ${smtp.count()} sent, ` +
      `${lost.length} lost, ${duplicates} duplicates, ${size.kills} kills, ${ground.rounds} x ${ground.strokes.length} strokes at the servers, ${seconds} s\n`,
  )
  expect(promised.size).toBe(size.signIns)
  expect(lost).toEqual([])
  expect(duplicates).toBeLessThanOrEqual(size.kills * concurrency)
  expect(Math.max(...arrived.values())).toBeLessThanOrEqual(1 + size.kills)
  expect((await tables.query(`select distinct state from mail`)).map(({ state }) => state)).toEqual(['sent'])

  // 3 and it is worth something
  for (const [address, challengeId] of [...acknowledged].slice(0, size.sample)) {
    const mail = await smtp.waitFor(address, ({ messageId }) => messageId === promised.get(address))
    expect(await signInWith(idem, challengeId, codeIn(mail.text))).toBeNull()
  }
  expect(await worker.stop()).toMatchObject({ exitCode: 0 })
  expect(await api.stop()).toMatchObject({ exitCode: 0 })
}

test(
  'on PostgreSQL every promised mail arrives, and none more often than the kills explain',
  async () => await walkThroughFire(await onPostgres()),
  testMilliseconds,
)

test(
  'on a PostgreSQL that fails over every promised mail arrives, and none more often than the kills explain',
  async () => await walkThroughFire(await onPair()),
  testMilliseconds,
)

describeOnRedis((backend) => {
  test(
    'every promised mail arrives, and none more often than the kills explain',
    async () => await walkThroughFire(await onRedis(backend().server)),
    testMilliseconds,
  )

  test.each(['noeviction', 'allkeys-lru'] as const)(
    'every promised mail arrives though Redis is full (%s), and none more often than the kills explain',
    async (policy) => await walkThroughFire(await onSmallRedis(policy)),
    testMilliseconds,
  )
})
