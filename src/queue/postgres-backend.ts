// BullMQ on PostgreSQL, with connections as a pooler takes them and in a schema of our choice.
import {
  type BackendFactory,
  PostgresConnection,
  type PostgresConnectionOptions,
  PostgresQueueBackend,
} from 'bullmq'
import pg from 'pg'
import { readAddress, schemaOf } from '../database/address.js'
import { sessionStarter } from '../database/new-session.js'
import type { SameServer } from '../database/same-server.js'
import { defaultSchema } from '../database/schema-name.js'

/** Connections of the queue and of the worker each: those that query at the same time, and the one that listens. */
const poolSize = 5
/**
 * Time limit of a statement, in milliseconds. BullMQ's take a few; without a limit, a server that hangs would block a
 * job for ever.
 */
const statementMilliseconds = 10_000
/** Time limit for connecting, in milliseconds. */
export const connectMilliseconds = 5_000

/** The schema of BullMQ's tables. Installations that share a database share no queue. */
export const queueSchemaOf = (databaseUrl: string): string => {
  const schema = schemaOf(databaseUrl)
  return schema === defaultSchema ? 'bullmq' : `${schema}_bullmq`
}

/** Where the queue is. */
interface Place {
  readonly databaseUrl: string
  /** Where given, the connections are kept on the server of all others of the process. */
  readonly sameServer?: SameServer
}

/** Our own pool, because BullMQ's sends its search path as a start-up parameter, which poolers refuse. */
const openPool = ({ databaseUrl, sameServer }: Place): pg.Pool => {
  const settings = { search_path: queueSchemaOf(databaseUrl) }
  return new pg.Pool({
    max: poolSize,
    ...(sameServer?.poolOptions(settings) ?? { onConnect: sessionStarter(settings) }),
    application_name: 'idem queue',
    keepAlive: true,
    connectionTimeoutMillis: connectMilliseconds,
    query_timeout: statementMilliseconds,
    ...readAddress(databaseUrl),
  })
}

/** A connection on a pool of its own, which it closes. BullMQ's takes a pool only for its own schema. */
class QueueConnection extends PostgresConnection {
  override readonly schema: string

  constructor(
    place: Place,
    private readonly ownPool = openPool(place),
  ) {
    // pg declares `on` once, generically, and BullMQ as overloads, which TypeScript does not find equal.
    super(ownPool as PostgresConnection['pool'])
    this.schema = queueSchemaOf(place.databaseUrl)
  }

  override async close(): Promise<void> {
    await super.close()
    if (!this.ownPool.ending) await this.ownPool.end()
  }
}

/** Makes the backends of a queue or a worker there. */
export const onPostgres =
  (place: Place): BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> =>
  (name, options, { withBlockingConnection } = {}) =>
    new PostgresQueueBackend(
      new QueueConnection(place),
      name,
      options,
      true,
      withBlockingConnection ? name : undefined,
    )
