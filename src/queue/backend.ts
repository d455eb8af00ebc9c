// The backend of the queue: BullMQ on our PostgreSQL or on Redis, with the same interface for both.
import {
  assertSchemaCompatibility,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  type QueueOptions,
  runMigrations,
  SchemaMigrationRequiredError,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import pg from 'pg'
import { readAddress } from '../database/address.js'
import { endClient } from '../database/end-client.js'
import { setUp, unlimited } from '../database/new-session.js'
import type { SameServer } from '../database/same-server.js'
import { migrationsName } from '../database/watch-locks.js'
import type { Job, JobName } from './job.js'
import { connectMilliseconds, onPostgres, queueSchemaOf } from './postgres-backend.js'
import { readRedisAddress } from './redis-address.js'

/** Where the queue is: in Redis if `redisUrl` is set, otherwise in the database. */
export interface BackendOptions {
  readonly redisUrl: string | null
  readonly databaseUrl: string
  /** Where set, the queue's connections to PostgreSQL are kept on the server of all others of the process. */
  readonly sameServer?: SameServer
}

/** The name of the only queue; it is part of Redis' keys. */
const queueName = 'idem'
/** Time between two attempts to connect to Redis, in milliseconds. */
const redisRetryMilliseconds = 500

const redisConnection = (url: string) => ({
  ...readRedisAddress(url),
  // BullMQ requires null here for workers, because it waits for a lost connection itself.
  maxRetriesPerRequest: null,
  retryStrategy: () => redisRetryMilliseconds,
  connectTimeout: connectMilliseconds,
  // After a fail-over the old primary is read-only: its name or address leads to the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  // Needs a right of its own, and nobody reads it.
  disableClientInfo: true,
})

/** Events of the queue that Redis keeps; nobody reads them, and BullMQ's 10 000 take more than a megabyte. */
const keptEvents = 100

/** Opens the queue. */
export const openBullQueue = (backend: BackendOptions, options: Omit<QueueOptions, 'connection'>) =>
  backend.redisUrl === null
    ? new Queue<
        Job['payload'],
        void,
        JobName,
        Job['payload'],
        void,
        JobName,
        PostgresQueueBackend,
        PostgresConnectionOptions
      >(queueName, { ...options, connection: backend.databaseUrl }, onPostgres(backend))
    : new Queue<Job['payload'], void, JobName>(queueName, {
        ...options,
        streams: { events: { maxLen: keptEvents } },
        // While Redis is down, adding a job fails at once; the outbox keeps the job and tries again.
        connection: { ...redisConnection(backend.redisUrl), enableOfflineQueue: false },
      })

/** Opens a worker. */
export const openBullWorker = (
  backend: BackendOptions,
  processor: ConstructorParameters<typeof Worker<Job['payload'], void, JobName>>[1],
  options: Omit<WorkerOptions, 'connection'>,
) =>
  backend.redisUrl === null
    ? new Worker(queueName, processor, { ...options, connection: backend.databaseUrl }, onPostgres(backend))
    : new Worker(queueName, processor, { ...options, connection: redisConnection(backend.redisUrl) })

/** Creates or migrates BullMQ's tables; several processes may do so at the same time. Redis needs none. */
export const migrateQueue = async (backend: BackendOptions): Promise<void> => {
  if (backend.redisUrl === null)
    await withClient(
      backend.databaseUrl,
      async (client) => void (await runMigrations(client, queueSchemaOf(backend.databaseUrl))),
    )
}

/** True if BullMQ's tables exist and are up to date; Redis needs none. */
export const isQueueMigrated = async (backend: BackendOptions): Promise<boolean> => {
  if (backend.redisUrl !== null) return true
  let isMigrated = true
  await withClient(backend.databaseUrl, async (client) => {
    await assertSchemaCompatibility(client, queueSchemaOf(backend.databaseUrl)).catch((error: unknown) => {
      if (!(error instanceof SchemaMigrationRequiredError)) throw error
      isMigrated = false
    })
  })
  return isMigrated
}

/** Runs `work` on a connection of its own, because BullMQ's migrations lock and commit in one database session. */
const withClient = async (databaseUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({
    connectionTimeoutMillis: connectMilliseconds,
    ...readAddress(databaseUrl),
    application_name: migrationsName,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await setUp(client, unlimited, 'session')
    await work(client)
  } finally {
    await endClient(client)
  }
}

/** BullMQ's queue with the types of our jobs. */
export type BullQueue = ReturnType<typeof openBullQueue>
/** BullMQ's worker with the types of our jobs. */
export type BullWorker = ReturnType<typeof openBullWorker>
