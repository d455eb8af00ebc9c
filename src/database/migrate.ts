// Applies the forward-only migrations, one process at a time.
import pg from 'pg'
import { OperatorProblem } from '../failure.js'
import { readAddress, schemaOf } from './address.js'
import type { Database } from './database.js'
import { endClient } from './end-client.js'
import { migrations } from './migrations/list.js'

/** The key of the advisory lock of migrations: "idem" in ASCII. */
const migrationLock = 0x6964656d

/** Time limit for connecting: long enough for a server that is starting. */
const connectTimeoutMilliseconds = 10_000

/**
 * Applies pending migrations and returns their names. Of concurrent processes one applies them, and the others wait.
 * Throws `OperatorProblem` if a newer Idem has migrated the database.
 */
export const migrate = async (database: Database): Promise<string[]> => {
  const lock = new pg.Client({
    application_name: 'idem migrate',
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    keepAlive: true,
    ...readAddress(database.url),
  })
  // Without a listener the event would end the process. If the lock is lost, another process fails at existing tables.
  lock.on('error', () => undefined)
  try {
    await lock.connect()
    await lock.query('select pg_advisory_lock($1)', [migrationLock])
    await makeSchema(lock, schemaOf(database.url))
    await refuseNewerTables(database)
    if ((await pendingMigrations(database)).length === 0) return []
    return await applyPending(database)
  } finally {
    await endClient(lock)
  }
}

/** Only if it is missing, because `if not exists` asks for the right to make one also where it exists. */
const makeSchema = async (client: pg.Client, schema: string): Promise<void> => {
  const { rows } = await client.query('select to_regnamespace($1) is null as missing', [schema])
  if (rows[0]?.missing === true) await client.query(`create schema ${schema}`)
}

/**
 * Uses separate connections without time limits, because the migration of a large table takes longer than a request
 * may.
 */
const applyPending = async (database: Database): Promise<string[]> => {
  const unhurried = await database.openUnhurried()
  try {
    const applied = await unhurried.orm.migrator.up()
    return applied.map((migration) => migration.name)
  } finally {
    await unhurried.close()
  }
}

/** The names of this version's migrations that the database does not have. */
export const pendingMigrations = async (database: Database): Promise<string[]> => {
  const pending = await database.orm.migrator.getPending()
  return pending.map((migration) => migration.name)
}

/**
 * Throws `OperatorProblem` if the database has a migration that this version does not know: what a newer Idem has
 * written may mean something else to this one.
 */
export const refuseNewerTables = async (database: Database): Promise<void> => {
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = (await database.orm.migrator.getExecuted())
    .map(({ name }) => name)
    .filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new OperatorProblem(
      `The database was migrated by a newer Idem (${unknown.join(', ')}), whose data this version may misread: ` +
        'start the newer version, or restore the backup that was made before the upgrade.',
    )
}
