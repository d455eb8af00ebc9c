// Applies the forward-only migrations, one process at a time.
import pg from 'pg'
import type { Database } from './database.js'

/** The key of the advisory lock that migrating processes queue for: "idem" in ASCII. */
const migrationLock = 0x6964656d

/** Applies what is pending and returns the names. Several processes may call it at once: the others wait, then find nothing. */
export const migrate = async (database: Database): Promise<string[]> => {
  const lock = new pg.Client({ connectionString: database.url, application_name: 'idem migrate' })
  await lock.connect()
  try {
    await lock.query('select pg_advisory_lock($1)', [migrationLock])
    const applied = await database.orm.migrator.up()
    return applied.map((migration) => migration.name)
  } finally {
    await lock.end()
  }
}

/** The names of migrations that this version knows and the database has not seen. */
export const pendingMigrations = async (database: Database): Promise<string[]> => {
  const pending = await database.orm.migrator.getPending()
  return pending.map((migration) => migration.name)
}
