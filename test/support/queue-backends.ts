// Runs the same tests on both backends of the queue, PostgreSQL and Redis.
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { readEnvironment } from '../../src/config/read-environment.js'
import { SameServer } from '../../src/database/same-server.js'
import { JobQueue } from '../../src/queue/job-queue.js'
import { queueSettings } from '../../src/queue/settings.js'
import { systemClock } from '../../src/runtime/clock.js'
import { type Random, systemRandom } from '../../src/runtime/random.js'
import { findRedisServer, RedisServer } from './redis.js'
import { createDatabase, silentLogger } from './start-service.js'
import { Tables } from './tables.js'

/** In CI Redis must be installed: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

/** The backend of the queue in one test. */
export interface Carrier {
  readonly databaseUrl: string
  /** The variable `REDIS_URL` if the backend is Redis. */
  readonly environment: Readonly<Record<string, string>>
  /** Deletes every job of the queue, which is what a restart of a Redis without persistence does. */
  lose(): Promise<void>
}

/** A kind of backend. */
export interface QueueBackend {
  readonly name: 'postgresql' | 'redis'
  /** An empty backend and a new database for the test. */
  open(): Promise<Carrier>
}

/** The Redis for queues. */
export interface RedisBackend extends QueueBackend {
  readonly name: 'redis'
  readonly server: RedisServer
}

const postgres: QueueBackend = {
  name: 'postgresql',
  open: async () => {
    const databaseUrl = await createDatabase()
    const lose = async (): Promise<void> => {
      const tables = await Tables.open(databaseUrl)
      await tables.query('delete from bullmq.job')
      await tables.close()
    }
    return { databaseUrl, environment: {}, lose }
  },
}

const onRedisServer = (server: RedisServer): RedisBackend => ({
  name: 'redis',
  server,
  open: async () => {
    const url = server.takeUrl()
    const lose = async (): Promise<void> => await server.flush(url)
    return { databaseUrl: await createDatabase(), environment: { REDIS_URL: url }, lose }
  },
})

/**
 * Declares tests that need Redis; outside of CI they are skipped if it is not installed. `backend` is only valid in
 * tests.
 */
export const describeOnRedis = (tests: (backend: () => RedisBackend) => void): void => {
  const program = findRedisServer()
  describe.skipIf(program === null && !isRequired)('on Redis (needs redis-server)', () => {
    let server: RedisServer
    beforeAll(async () => {
      if (program === null) throw new Error('needs redis-server: install it, or set REDIS_SERVER_PATH')
      server = await RedisServer.start(program)
    })
    afterAll(async () => await server?.stop())
    tests(() => onRedisServer(server))
  })
}

/** Declares the tests for each of the two. `backend` is only valid in tests. */
export const describeOnEachBackend = (tests: (backend: () => QueueBackend) => void): void => {
  describe('on PostgreSQL', () => tests(() => postgres))
  describeOnRedis(tests)
}

/** A queue on a backend, closed after the test. */
export const openQueue = (
  { databaseUrl, environment }: Carrier,
  changed: { readonly environment?: Readonly<Record<string, string>>; readonly random?: Random } = {},
): JobQueue => {
  const { queue: settings } = readEnvironment(
    { queue: queueSettings },
    { ...environment, ...changed.environment },
  )
  const queue = new JobQueue({
    settings,
    databaseUrl,
    sameServer: new SameServer(silentLogger),
    clock: systemClock,
    random: changed.random ?? systemRandom,
    logger: silentLogger,
  })
  onTestFinished(async () => await queue.close())
  return queue
}
