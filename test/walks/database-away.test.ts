// The database goes away in the middle: everybody is told so in time, nothing is believed that may be outdated, and it comes back.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Database } from '../../src/database/database.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrate.js'
import { entities } from '../../src/entities.js'
import { createMetrics } from '../../src/runtime/metrics.js'
import { systemRandom } from '../../src/runtime/random.js'
import {
  askMe,
  codeOf,
  dataOf,
  millisecondsUntil,
  refresh,
  sessionIdOf,
  setHandle,
  tally,
  untilRefused,
} from '../support/calls.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import {
  type Answer,
  createDatabase,
  freePort,
  silentLogger,
  startTestService,
  type TestService,
} from '../support/start-service.js'
import { Tables } from '../support/tables.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { withoutLimits } from '../support/without-limits.js'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const behindProxy = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<{ idem: TestService; proxy: TcpProxy; tables: Tables }> => {
  const databaseUrl = await createDatabase()
  const proxy = await TcpProxy.start(databaseUrl, await freePort())
  closers.push(() => proxy.cut())
  const tables = await Tables.open(databaseUrl)
  closers.push(() => tables.close())
  const idem = await startTestService({ databaseUrl: proxy.url, environment })
  closers.push(() => idem.stop())
  return { idem, proxy, tables }
}

const readyz = async (idem: TestService): Promise<Response> => await fetch(`${idem.url}/readyz`)

const expectUnavailable = (answer: Answer, status: 200 | 503): void => {
  expect(answer.errors[0]?.extensions).toMatchObject({
    code: 'UNAVAILABLE',
    retryAfterSeconds: expect.any(Number),
    requestId: answer.headers.get('x-request-id'),
  })
  expect(answer.data).toBeNull()
  expect(answer.status).toBe(status)
  if (status === 503)
    expect(answer.headers.get('retry-after')).toBe(String(answer.errors[0]?.extensions['retryAfterSeconds']))
}

const guestSignIn = 'mutation { signIn(input: { proof: { anonymous: {} } }) { account { id } } }'

const untilServing = async (idem: TestService): Promise<void> => {
  await millisecondsUntil(5_000, async () => (await readyz(idem)).status === 200)
  await millisecondsUntil(5_000, async () => codeOf(await idem.ask(guestSignIn)) === null)
}

test('with the database away, requests are refused as UNAVAILABLE with a time to retry, and the service comes back by itself', async () => {
  const { idem, proxy, tables } = await behindProxy()
  const owner = new KeyOwner(idem)
  const signedIn = await owner.signIn('patient')
  const answer = owner.answer(await owner.challenge())
  expect((await askMe(idem, signedIn.accessToken)).status).toBe(200)
  const before = await tables.contents()

  await proxy.cut()
  const unready = await readyz(idem)
  expect(unready.status).toBe(503)
  expect(unready.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await unready.json()).toMatchObject({ database: 'away' })
  expect((await fetch(`${idem.url}/healthz`)).status).toBe(200)
  // The session cannot be checked, so the whole request is refused.
  await millisecondsUntil(1_000, async () => (await askMe(idem, signedIn.accessToken)).status === 503)
  expectUnavailable(await askMe(idem, signedIn.accessToken), 503)
  expectUnavailable(await idem.ask(guestSignIn), 503)
  expectUnavailable(
    await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }', {
      input: answer,
    }),
    503,
  )
  expectUnavailable(
    await idem.ask(
      'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
      {
        input: { refreshToken: signedIn.refreshToken },
      },
    ),
    503,
  )
  expectUnavailable(await idem.ask('{ handleAvailable(handle: "anybody") }'), 503)
  // What needs no database is served: a challenge, the keys, the metadata.
  await owner.challenge()
  expect((await fetch(`${idem.url}/.well-known/jwks.json`)).status).toBe(200)
  expect((await fetch(`${idem.url}/metrics`)).status).toBe(200)
  // A bearer that does not hold is refused as such, not as our trouble.
  expect((await idem.askAs('a.b.c', '{ me { id } }')).status).toBe(401)
  expect(await tables.contents()).toEqual(before)

  await proxy.mend()
  await untilServing(idem)
  expect(dataOf(await askMe(idem, signedIn.accessToken)).me.id).toBe(signedIn.accountId)
  // The challenge was not spent by the try that failed, nor the refresh token used.
  dataOf(
    await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }', {
      input: answer,
    }),
  )
  await refresh(idem, signedIn.refreshToken)
}, 60_000)

test('where other fields of the same request succeed, the refusal of one stays a refusal of one', async () => {
  const { idem, proxy } = await behindProxy()
  await proxy.cut()
  const answer = await idem.ask('{ me { id } challenge(id: "x") { id } handleAvailable(handle: "anybody") }')
  expect(answer.errors.map((error) => error.extensions['code'])).toContain('NOT_FOUND')
  expect(answer.status).toBe(200)
}, 60_000)

test('while nobody listens, a cached session is not believed: one revoked meanwhile is refused at the first request after', async () => {
  const { idem, proxy, tables } = await behindProxy()
  const guest = await signInAsGuest(idem)
  expect((await askMe(idem, guest.accessToken)).status).toBe(200)
  await proxy.cut()
  await tables.query('update session set ended_at = now() where id = $1', [sessionIdOf(guest.accessToken)])
  // Whatever it answers, from the cut on for at most a second may it be the cache.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect((await askMe(idem, guest.accessToken)).status).toBe(503)
  await proxy.mend()
  const statuses = new Set<number>()
  await millisecondsUntil(5_000, async () => {
    const { status } = await askMe(idem, guest.accessToken)
    statuses.add(status)
    return status === 401
  })
  expect([...statuses].every((status) => status === 503 || status === 401)).toBe(true)
}, 60_000)

test('a database that hangs counts as away: readyz says so within two seconds, the cache is not believed', async () => {
  const { idem, proxy, tables } = await behindProxy()
  const guest = await signInAsGuest(idem)
  expect((await askMe(idem, guest.accessToken)).status).toBe(200)
  proxy.freeze()
  const startedAt = performance.now()
  expect((await readyz(idem)).status).toBe(503)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  await tables.query('update session set ended_at = now() where id = $1', [sessionIdOf(guest.accessToken)])
  const answer = await askMe(idem, guest.accessToken)
  expectUnavailable(answer, 503)
  expectUnavailable(await idem.ask(guestSignIn), 503)
  await proxy.mend()
  proxy.breakConnections()
  await untilServing(idem)
  await untilRefused(idem, guest.accessToken)
}, 90_000)

test('all connections ended by an operator in the middle of traffic: no bug, no connection lost, and everything works on', async () => {
  // A connection that is not given back would be missed at once.
  const { idem, tables } = await behindProxy({
    IDEM_DATABASE_POOL_SIZE: '2',
    ...withoutLimits,
  })
  const { accessToken } = await new KeyOwner(idem).signIn()
  // Another account, because one session more than may be ends the first one.
  const other = new KeyOwner(idem)
  let busy = true
  const answers: Answer[] = []
  const traffic = [
    async () => await askMe(idem, accessToken),
    async () => await idem.ask(guestSignIn),
    async () => await other.trySignIn(),
    async () => await idem.ask('{ handleAvailable(handle: "busy-one") }'),
    async () => await idem.askAs(accessToken, '{ me { identities { id } sessions { id } } }'),
    async () => await setHandle(idem, accessToken, `busy-${answers.length % 2}`),
  ].map(async (ask) => {
    while (busy) answers.push(await ask())
  })
  let ended = 0
  try {
    // Longer on a busy machine: enough must be ended, and enough served.
    for (let round = 0; round < 25 || ended <= 20 || (tally(answers)['ok'] ?? 0) <= 50; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const rows = await tables.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
          and application_name in ('idem', 'idem listener')`,
      )
      ended += rows.length
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  } finally {
    busy = false
    await Promise.all(traffic)
  }
  expect(ended).toBeGreaterThan(20)
  const counts = tally(answers)
  expect(counts['UNAVAILABLE']).toBeGreaterThan(0)
  expect(Object.keys(counts).filter((code) => !['ok', 'UNAVAILABLE', 'RATE_LIMITED'].includes(code))).toEqual(
    [],
  )
  expect(
    answers.every((answer) => answer.status === 200 || answer.status === 503 || answer.status === 429),
  ).toBe(true)
  expect(counts['ok']).toBeGreaterThan(50)
  await untilServing(idem)
  // Nothing half done: each session has its account, each started one its audit line.
  const [row] = await tables.query(`select
    (select count(*)::int from session s where not exists
      (select 1 from audit_entry a where a.session_id = s.id and a.action = 'session.started')) as "unaudited",
    (select count(*)::int from audit_entry a where a.action = 'session.started'
      and not exists (select 1 from session s where s.id = a.session_id)) as "phantom"`)
  expect(row).toEqual({ unaudited: 0, phantom: 0 })
  expect(idem.bugs).toEqual([])
}, 90_000)

test('a statement that waits too long for a lock is UNAVAILABLE, not a bug', async () => {
  const { idem, tables } = await behindProxy()
  const guest = await signInAsGuest(idem)
  await tables.query('begin')
  await tables.query('select 1 from account where id = $1 for update', [guest.accountId])
  const answer = await idem.askAs(guest.accessToken, 'mutation { setHandle(handle: "waiting") { id } }')
  await tables.query('rollback')
  expectUnavailable(answer, 503)
}, 60_000)

const startOwnServer = async (): Promise<{ server: EmbeddedPostgres; directory: string }> => {
  const parent = await mkdtemp(join(tmpdir(), 'idem-away-'))
  await chmod(parent, 0o711)
  const directory = join(parent, 'postgres')
  closers.push(() => rm(parent, { recursive: true, force: true }))
  const server = await startEmbeddedPostgres({ directory, log: silentLogger, random: systemRandom })
  closers.push(() => server.stop())
  const database = await Database.open({
    url: server.connectionString,
    poolSize: 2,
    entities,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  await migrate(database)
  await database.close()
  return { server, directory }
}

const postmasterOf = async (directory: string): Promise<number> => {
  for (const path of ['postmaster.pid', 'data/postmaster.pid']) {
    const text = await readFile(join(directory, path), 'utf8').catch(() => null)
    if (text !== null) return Number(text.split('\n')[0])
  }
  throw new Error('no postmaster.pid')
}

test('the PostgreSQL that Idem brings along is killed in the middle of traffic: it is started again and everything works on', async () => {
  const { server, directory } = await startOwnServer()
  const idem = await startTestService({
    databaseUrl: server.connectionString,
    recoverDatabase: () => server.ensureRunning(),
  })
  closers.push(() => idem.stop())
  const owner = new KeyOwner(idem)
  const signedIn = await owner.signIn('survivor')
  let busy = true
  const answers: Answer[] = []
  const traffic = [
    async () => await askMe(idem, signedIn.accessToken),
    async () => await idem.ask(guestSignIn),
  ].map(async (ask) => {
    while (busy) {
      answers.push(await ask())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  try {
    await new Promise((resolve) => setTimeout(resolve, 200))
    process.kill(await postmasterOf(directory), 'SIGQUIT')
    await millisecondsUntil(5_000, async () => answers.some((answer) => codeOf(answer) === 'UNAVAILABLE'))
    await millisecondsUntil(20_000, async () => (await readyz(idem)).status === 200)
  } finally {
    busy = false
    await Promise.all(traffic)
  }
  expect(Object.keys(tally(answers)).filter((code) => code !== 'ok' && code !== 'UNAVAILABLE')).toEqual([])
  await untilServing(idem)
  expect(dataOf(await askMe(idem, signedIn.accessToken)).me.handle).toBe('survivor')
  expect((await owner.signIn('survivor')).accountId).toBe(signedIn.accountId)
  expect(idem.bugs).toEqual([])
}, 120_000)
