// What carries the queue: BullMQ on the database that everything else is in, or on Redis; the rest of Idem cannot tell.
import {
  assertSchemaCompatibility,
  createPostgresBackend,
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
import { endClient } from '../database/end-client.js'
import type { Job, JobName } from './job.js'

/** Where the queue is: `redisUrl` where it is given, else the database. */
export interface BackendOptions {
  readonly redisUrl: string | null
  readonly databaseUrl: string
}

/** The one queue; its name is part of Redis' keys. */
const queueName = 'idem'
/** BullMQ's tables in PostgreSQL lie in a schema of their own. */
const schema = 'bullmq'
/** Of the queue and of the worker each: enough for what they say at once. */
const poolSize = 4
/** Every statement of BullMQ takes milliseconds; a silent server must not hold a job for ever. In milliseconds. */
const statementMilliseconds = 10_000
/** A server that is well lets us in within milliseconds. In milliseconds. */
const connectMilliseconds = 5_000
/** A connection to Redis is tried anew this often, in milliseconds. */
const redisRetryMilliseconds = 500

const postgresConnection = (connectionString: string) => ({
  connectionString,
  schema,
  max: poolSize,
  application_name: 'idem queue',
  keepAlive: true,
  connectionTimeoutMillis: connectMilliseconds,
  query_timeout: statementMilliseconds,
})

const redisConnection = (url: string) => ({
  url,
  // BullMQ waits by itself, and must not be told off for it.
  maxRetriesPerRequest: null,
  retryStrategy: () => redisRetryMilliseconds,
  connectTimeout: connectMilliseconds,
})

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
      >(queueName, { ...options, connection: postgresConnection(backend.databaseUrl) }, createPostgresBackend)
    : new Queue<Job['payload'], void, JobName>(queueName, {
        ...options,
        // Handing a job over must fail, not wait: the outbox keeps it, and tries again.
        connection: { ...redisConnection(backend.redisUrl), enableOfflineQueue: false },
      })

/** Opens a worker. */
export const openBullWorker = (
  backend: BackendOptions,
  processor: ConstructorParameters<typeof Worker<Job['payload'], void, JobName>>[1],
  options: Omit<WorkerOptions, 'connection'>,
) =>
  backend.redisUrl === null
    ? new Worker(
        queueName,
        processor,
        { ...options, connection: postgresConnection(backend.databaseUrl) },
        createPostgresBackend,
      )
    : new Worker(queueName, processor, { ...options, connection: redisConnection(backend.redisUrl) })

/** Makes BullMQ's tables, or brings them up to date; several processes may do so at once. Redis needs none. */
export const migrateQueue = async (backend: BackendOptions): Promise<void> => {
  if (backend.redisUrl === null)
    await withClient(backend.databaseUrl, async (client) => void (await runMigrations(client, schema)))
}

/** True when BullMQ's tables are there; Redis needs none. */
export const isQueueMigrated = async (backend: BackendOptions): Promise<boolean> => {
  if (backend.redisUrl !== null) return true
  let isMigrated = true
  await withClient(backend.databaseUrl, async (client) => {
    await assertSchemaCompatibility(client, schema).catch((error: unknown) => {
      if (!(error instanceof SchemaMigrationRequiredError)) throw error
      isMigrated = false
    })
  })
  return isMigrated
}

/** A session of its own, for BullMQ's migrations lock and commit in one. */
const withClient = async (databaseUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'idem migrate',
    connectionTimeoutMillis: connectMilliseconds,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await work(client)
  } finally {
    await endClient(client)
  }
}

/** BullMQ's queue of our jobs. */
export type BullQueue = ReturnType<typeof openBullQueue>
/** BullMQ's worker on our jobs. */
export type BullWorker = ReturnType<typeof openBullWorker>
