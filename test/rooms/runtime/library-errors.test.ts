// Whatever a library attaches to its errors stays out of the log: real errors with a secret in them.
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { asFailure, logRefusal } from '../../../src/graphql/failures.js'
import { adoptConsole } from '../../../src/runtime/adopt-console.js'
import { describeError } from '../../../src/runtime/error-outline.js'
import { createLogger } from '../../../src/runtime/logger.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'
import { describeOnRedis } from '../../support/queue-backends.js'
import { createDatabase, freePort, startTestService } from '../../support/start-service.js'

const secret = 'hunter2-of-the-test'

const openLog = () => {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  return {
    lines,
    logger: createLogger({ level: 'trace', requestScope: new RequestScope(), destination: { write } }),
  }
}

/** What rejects `failing`. */
const errorOf = async (failing: Promise<unknown>): Promise<Error> => {
  const error = await failing.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('it did not fail')
  return error
}

/** Everything that the error carries, in its properties, their properties and so on. */
const contentOf = (value: unknown, seen: ReadonlySet<unknown> = new Set()): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  if (seen.has(value)) return ''
  const parts = Object.getOwnPropertyNames(value).map((name) => Reflect.get(value, name))
  return parts.map((part) => contentOf(part, new Set([...seen, value]))).join(' ')
}

/** Logs the error in every way in which a logger takes one; returns the first line. */
const expectDiscreet = (error: Error): Record<string, unknown> => {
  expect(contentOf(error)).toContain(secret)
  const { lines, logger } = openLog()
  logger.warn({ err: error }, 'a sentence')
  logger.warn({ err: error })
  logger.warn(error)
  logger.warn(error, 'a sentence')
  logger.warn({ problem: error, inner: { problem: error, list: [error] } }, 'a sentence')
  logger.warn('a sentence about %s and %o', error, error)
  logger.child({ err: error, inner: { problem: error } }).warn('a sentence')
  logger.warn({ failure: describeError(error) }, 'a sentence')
  const restore = adoptConsole(logger)
  const { error: write, warn, log } = Reflect.get(globalThis, 'console')
  write(error)
  warn(`it failed: ${error.message}`)
  log('it failed', { error })
  restore()
  for (const line of lines) expect(line).not.toContain(secret)
  expect(lines).toHaveLength(11)
  return JSON.parse(lines[0] ?? '')
}

describeOnRedis((backend) => {
  const connect = async (path: string): Promise<Redis> => {
    const client = new Redis(backend().server.takeUrl(path), {
      lazyConnect: true,
      retryStrategy: () => null,
      showFriendlyErrorStack: true,
    })
    onTestFinished(() => client.disconnect())
    return client
  }

  test('ioredis: a wrong password', async () => {
    const client = await connect(`somebody:${secret}@`)
    const { promise, reject } = Promise.withResolvers<void>()
    client.on('error', reject)
    const failed = errorOf(promise)
    await client.connect().catch(() => undefined)
    expect(expectDiscreet(await failed)).toMatchObject({
      msg: 'a sentence',
      err: {
        type: 'ReplyError',
        code: 'WRONGPASS',
        command: 'auth',
        message: expect.stringContaining('password'),
      },
    })
  })

  test('ioredis: a command that Redis does not know, quoted with its arguments', async () => {
    const client = await connect('')
    expect(expectDiscreet(await errorOf(client.call('nonsense', secret)))).toMatchObject({
      err: { type: 'ReplyError', code: 'ERR', command: 'nonsense' },
    })
  })
})

test('pg: a value of the wrong form, and a row that exists, with parameters', async () => {
  const client = new pg.Client({ connectionString: await createDatabase() })
  await client.connect()
  onTestFinished(async () => await client.end())
  const badForm = await errorOf(client.query('select $1::uuid', [secret]))
  expect(expectDiscreet(badForm)).toMatchObject({ err: { code: '22P02', routine: 'string_to_uuid' } })
  await client.query('create temporary table diary (line text unique)')
  await client.query('insert into diary values ($1)', [secret])
  const double = await errorOf(client.query('insert into diary values ($1)', [secret]))
  expect(expectDiscreet(double)).toMatchObject({
    err: { code: '23505', table: 'diary', constraint: 'diary_line_key' },
  })
})

test('MikroORM: the statement with its values', async () => {
  const idem = await startTestService()
  onTestFinished(async () => await idem.stop())
  const { orm } = idem.foundation.database
  const error = await errorOf(orm.em.getConnection().execute('select ?::uuid', [secret]))
  expect(expectDiscreet(error)).toMatchObject({ err: { code: '22P02' } })
})

test('nodemailer: a server that refuses AUTH and repeats what it was sent', async () => {
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      done(Object.assign(new Error(`5.7.8 not ${username} with ${password}`), { responseCode: 535 })),
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(async () => await new Promise<void>((resolve) => server.close(resolve)))
  const transport = createTransport({ host: '127.0.0.1', port, auth: { user: 'idem', pass: secret } })
  const error = await errorOf(transport.verify())
  expect(expectDiscreet(error)).toMatchObject({ err: { code: 'EAUTH', responseCode: 535 } })
})

test('fetch: a URL with credentials, and one with a token to a port where nothing listens', async () => {
  const address = `127.0.0.1:${await freePort()}`
  expectDiscreet(await errorOf(fetch(`http://idem:${secret}@${address}/`)))
  const refused = await errorOf(fetch(`http://${address}/`, { headers: { authorization: 'Bearer x' } }))
  expect(expectDiscreet(Object.assign(refused, { url: `http://${address}/?token=${secret}` }))).toMatchObject(
    {
      err: {
        message: 'fetch failed',
        cause: { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1' },
      },
    },
  )
})

test('Node: a text that is no URL, no JSON, and a name that no server has', async () => {
  const thrownBy = async (work: () => unknown): Promise<Error> => await errorOf(Promise.resolve().then(work))
  expectDiscreet(await thrownBy(() => new URL(secret)))
  expectDiscreet(await thrownBy(() => JSON.parse(secret)))
  const { promise, reject } = Promise.withResolvers<void>()
  createServer().once('error', reject).listen(`/nowhere/${secret}/socket`)
  expectDiscreet(await errorOf(promise))
  const wrapped = new Error('outer', { cause: new AggregateError([await thrownBy(() => new URL(secret))]) })
  expectDiscreet(wrapped)
})

test.each([
  ['a text', secret],
  ['an object', { password: secret }],
  ['an object in which it is deep', { options: { auth: [secret] } }],
])('%s that is thrown in the place of an error', async (_what, thrown) => {
  const { lines, logger } = openLog()
  logger.warn({ err: thrown }, 'a sentence')
  logger.child({ err: thrown }).warn({ failure: describeError(thrown) }, 'a sentence')
  logRefusal(logger, asFailure(thrown))
  expect(lines).toHaveLength(3)
  for (const line of lines) {
    expect(line).not.toContain(secret)
    expect(JSON.parse(line)).toMatchObject({ err: { type: typeof thrown, frames: [] } })
  }
})

test('what is refused without a cause has none in the log', () => {
  const { lines, logger } = openLog()
  logRefusal(logger, new Failure('UNAVAILABLE', undefined, { reason: 'full' }))
  expect(JSON.parse(lines.join(''))).toEqual({
    level: 'warn',
    time: expect.anything(),
    reason: 'full',
    msg: 'refused: unavailable',
  })
})
