// Applies the forward-only migrations, one process at a time.
import pg from 'pg'
import type { Database } from './database.js'
import { endClient } from './end-client.js'

/** The key of the advisory lock that migrating processes queue for: "idem" in ASCII. */
const migrationLock = 0x6964656d

/** A server that is well lets us in within milliseconds; ten seconds bridge one that is just starting. */
const connectTimeoutMilliseconds = 10_000

/** Applies what is pending and returns the names. Several processes may call it at once: the others wait, then find nothing. */
export const migrate = async (database: Database): Promise<string[]> => {
  const lock = new pg.Client({
    connectionString: database.url,
    application_name: 'idem migrate',
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    keepAlive: true,
  })
  // Unheard, it would end the process. A rival that gets the lost lock fails at the tables that we are making.
  lock.on('error', () => undefined)
  try {
    await lock.connect()
    await lock.query('select pg_advisory_lock($1)', [migrationLock])
    if ((await pendingMigrations(database)).length === 0) return []
    return await applyPending(database)
  } finally {
    await endClient(lock)
  }
}

/** On connections of its own: a migration of a large table outlives every limit that is right for a request. */
const applyPending = async (database: Database): Promise<string[]> => {
  const unhurried = await database.openUnhurried()
  try {
    const applied = await unhurried.orm.migrator.up()
    return applied.map((migration) => migration.name)
  } finally {
    await unhurried.close()
  }
}

/** The names of migrations that this version knows and the database has not seen. */
export const pendingMigrations = async (database: Database): Promise<string[]> => {
  const pending = await database.orm.migrator.getPending()
  return pending.map((migration) => migration.name)
}
