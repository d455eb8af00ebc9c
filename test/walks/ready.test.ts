// What is called ready is ready: the queue is waited for, tables of a newer Idem are refused, and the end is announced.
import { expect, onTestFinished, test } from 'vitest'
import { askMe, millisecondsUntil } from '../support/calls.js'
import { signInAsGuest } from '../support/key-owner.js'
import { IdemProcess } from '../support/process.js'
import { findRedisServer, RedisServer } from '../support/redis.js'
import { createDatabase, freePort } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

const start = async (environment: Readonly<Record<string, string>>, words: readonly string[] = []) => {
  const process = await IdemProcess.start(
    { IDEM_SECRET: 'the-secret-of-the-ready-processes', ...environment },
    words,
  )
  onTestFinished(() => void process.child.kill('SIGKILL'))
  return process
}

const readinessOf = async ({ url }: IdemProcess) => {
  const answer = await fetch(`${url}/readyz`)
  return { ...((await answer.json()) as object), code: answer.status }
}

/** The log's lines so far, without those of requests. */
const messagesOf = ({ stdout }: IdemProcess): string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => String(JSON.parse(line).msg))

const answers = async ({ url }: IdemProcess, path: string): Promise<boolean> =>
  await fetch(`${url}${path}`).then(
    () => true,
    () => false,
  )

const program = findRedisServer()

test.skipIf(program === null).each([
  ['worker', 'Idem does the jobs'],
  ['both', 'Idem is ready at '],
])('%s waits for its queue, and says what it waits for', async (role, line) => {
  const redis = await RedisServer.start(program ?? '')
  onTestFinished(async () => await redis.stop())
  const [databaseUrl, queueUrl] = [await createDatabase(), redis.takeUrl()]
  await redis.end('SIGKILL')
  const process = await start(
    { DATABASE_URL: databaseUrl, REDIS_URL: queueUrl },
    role === 'both' ? [] : [role],
  )
  await millisecondsUntil(20_000, () => answers(process, '/healthz'))
  await millisecondsUntil(20_000, async () =>
    messagesOf(process).includes('not ready yet: waiting for the queue'),
  )
  expect(await readinessOf(process)).toMatchObject({ code: 503, database: 'up', queue: 'away' })
  expect(messagesOf(process).filter((message) => message.startsWith(line))).toEqual([])
  await redis.run()
  await millisecondsUntil(20_000, async () => messagesOf(process).some((message) => message.startsWith(line)))
  expect(await readinessOf(process)).toMatchObject({ code: 200, database: 'up', queue: 'up' })
  expect(await process.stop()).toMatchObject({ exitCode: 0, stderr: '' })
})

test.each([
  ['npm start', {}, []],
  ['the worker of production', { NODE_ENV: 'production' }, ['worker']],
  ['migrate', {}, ['migrate']],
  ['rotate-signing-key', {}, ['rotate-signing-key']],
])('tables that a newer Idem has migrated: %s ends, and says so', async (_what, environment, words) => {
  const databaseUrl = await createDatabase()
  const tables = await Tables.open(databaseUrl)
  onTestFinished(async () => await tables.close())
  await tables.query(`insert into migration (name, executed_at) values ('9999-of-the-future', now())`)
  const process = await start(
    {
      DATABASE_URL: databaseUrl,
      IDEM_PUBLIC_URL: 'https://id.example.org',
      SMTP_URL: 'smtp://smtp.example.org',
      ...environment,
    },
    words,
  )
  const { exitCode, stderr, stdout } = await process.ended()
  expect(exitCode).not.toBe(0)
  expect(stderr).toMatch(
    /^The database was migrated by a newer Idem \(9999-of-the-future\), .*start the newer version/,
  )
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stdout).not.toMatch(/ready|does the jobs|Nothing to do/)
  expect(await tables.query('select 1 from signing_key')).toEqual([])
})

test('on SIGTERM /readyz says so and requests are still answered; a second signal ends the wait', async () => {
  const databaseUrl = await createDatabase()
  const environment = {
    DATABASE_URL: databaseUrl,
    IDEM_DRAIN_DELAY_SECONDS: '600',
    IDEM_DRAIN_SECONDS: '600',
  }
  const process = await (await start(environment)).ready()
  process.child.kill('SIGTERM')
  await millisecondsUntil(5_000, async () => (await readinessOf(process)).code === 503)
  expect(await readinessOf(process)).toMatchObject({ code: 503, database: 'up', draining: true })
  const idem = process.asService(databaseUrl)
  expect((await askMe(idem, (await signInAsGuest(idem)).accessToken)).status).toBe(200)
  expect(messagesOf(process)).not.toContain('stopping: no new requests and jobs, those under way finish')
  await millisecondsUntil(20_000, async () => {
    process.child.kill('SIGTERM')
    return process.child.exitCode !== null
  })
  expect(await process.ended()).toMatchObject({ exitCode: 0, stderr: '' })
  expect(messagesOf(process).at(-1)).toBe('stopped')
})

test('what was never ready is missed by nobody: it ends without the wait', async () => {
  const databaseUrl = await createDatabase()
  const nothing = `redis://127.0.0.1:${await freePort()}`
  const process = await start({
    DATABASE_URL: databaseUrl,
    REDIS_URL: nothing,
    IDEM_DRAIN_DELAY_SECONDS: '600',
  })
  await millisecondsUntil(20_000, () => answers(process, '/healthz'))
  expect(await process.stop()).toMatchObject({ exitCode: 0, stderr: '' })
})
