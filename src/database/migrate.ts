// Applies the forward-only migrations, one process at a time.
import pg from 'pg'
import { OperatorProblem } from '../failure.js'
import { readAddress } from './address.js'
import type { Database } from './database.js'
import { endClient } from './end-client.js'
import { migrations } from './migrations/list.js'
import { setUp, unlimited } from './new-session.js'
import { migrationsName, tellingOfLocks } from './watch-locks.js'

/** The key of the advisory lock of migrations: "idem" in ASCII. */
const migrationLock = 0x6964656d

/** Time limit for connecting: long enough for a server that is starting. */
const connectTimeoutMilliseconds = 10_000

/**
 * Applies pending migrations and returns their names. Of concurrent processes one applies them, and the others wait;
 * the log says for whom. Uses connections without time limits, because the migration of a large table takes longer
 * than a request may. Throws `OperatorProblem` if a newer Idem has migrated the database.
 */
export const migrate = async (database: Database): Promise<string[]> => {
  const unhurried = await database.openUnhurried()
  try {
    return await tellingOfLocks({ url: unhurried.url, logger: database.logger }, () =>
      underLock(unhurried.url, async () => {
        await refuseNewerTables(unhurried)
        const applied = await unhurried.orm.migrator.up()
        return applied.map((migration) => migration.name)
      }),
    )
  } finally {
    await unhurried.close()
  }
}

/**
 * Runs `work` under the lock of migrations. The lock is of a transaction, which ends with its connection also behind a
 * pooler, where a lock of a session would stay with the server's connection.
 */
const underLock = async <T>(url: string, work: () => Promise<T>): Promise<T> => {
  const lock = new pg.Client({
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    keepAlive: true,
    ...readAddress(url),
    application_name: migrationsName,
  })
  // Without a listener the event would end the process. If the lock is lost, another process fails at existing tables.
  lock.on('error', () => undefined)
  try {
    await lock.connect()
    await lock.query('begin')
    await setUp(lock, unlimited, 'transaction')
    await lock.query('select pg_advisory_xact_lock($1)', [migrationLock])
    const result = await work()
    await lock.query('commit').catch(() => undefined)
    return result
  } finally {
    await endClient(lock)
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
      { kind: 'data' },
    )
}
