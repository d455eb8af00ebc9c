// One real PostgreSQL for all tests of a run, with a migrated template from which each test's database is copied.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { Database } from '../../src/database/database.js'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrate.js'
import { entities } from '../../src/entities.js'
import { migrateQueue } from '../../src/queue/backend.js'
import { createMetrics } from '../../src/runtime/metrics.js'
import { systemRandom } from '../../src/runtime/random.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's maintenance database. */
    postgresUrl: string
  }
}

/** The template from which tests copy their databases. */
export const templateName = 'idem_template'

/** The URL of another database on the same server. */
export const databaseUrl = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Runs one statement on the server's maintenance database. */
export const onServer = async (serverUrl: string, statement: string): Promise<void> => {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Nothing outlives the run, so nothing waits for the disk: neither a commit nor the copy of the template. */
const hurried = ['fsync = off', 'synchronous_commit = off', 'full_page_writes = off']

/** Starts the server before the first test and stops it after the last. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const directory = await mkdtemp(join(tmpdir(), 'idem-test-'))
  // If this runs as root, PostgreSQL runs as another user, who must be able to enter the folder.
  await chmod(directory, 0o711)
  const logger = pino({ level: 'silent' })
  const server = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    log: logger,
    random: systemRandom,
  })
  for (const setting of hurried) await onServer(server.connectionString, `alter system set ${setting}`)
  await onServer(server.connectionString, 'select pg_reload_conf()')
  await onServer(server.connectionString, `create database ${templateName}`)
  const url = databaseUrl(server.connectionString, templateName)
  const database = await Database.open({ url, poolSize: 2, entities, logger, metrics: createMetrics() })
  await migrate(database)
  await migrateQueue({ redisUrl: null, databaseUrl: url })
  await database.close()
  project.provide('postgresUrl', server.connectionString)
  return async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
