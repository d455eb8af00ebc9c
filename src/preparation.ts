// What a process does before its work: opens the database and brings or checks its tables.
import { requireLentPath, requireSessions } from './database/check-pooling.js'
import { databaseProblemOf } from './database/database-problem.js'
import { migrate, pendingMigrations, refuseNewerTables } from './database/migrate.js'
import { requireServer } from './database/require-server.js'
import { tellingOfLocks } from './database/watch-locks.js'
import { OperatorProblem } from './failure.js'
import { type Foundation, openFoundation } from './foundation.js'
import { type Installation, type InstallationUse, openInstallation } from './installation.js'
import type { BackendOptions } from './queue/backend.js'

/** Migrates the tables in development; in production only checks them, because an operator migrates by command. */
export const prepareTables = async ({ database }: Foundation, installation: Installation): Promise<void> => {
  const { logger } = installation
  if (process.env['NODE_ENV'] !== 'production') {
    const applied = await migrate(database)
    if (applied.length > 0) logger.info({ applied }, 'migrations applied')
    return await requireLentPath(installation, logger)
  }
  await requireLentPath(installation, logger)
  await refuseNewerTables(database)
  const pending = await pendingMigrations(database)
  if (pending.length > 0)
    throw new OperatorProblem(`The database lacks migrations (${pending.join(', ')}). Run: npm run migrate`, {
      kind: 'data',
    })
}

/** The room of the queue, loaded only where jobs are done: BullMQ takes several megabytes. */
const loadQueue = async () => await import('./queue/backend.js')

/** The same for the tables of the queue. */
export const prepareQueue = async (installation: Installation): Promise<void> => {
  if (process.env['NODE_ENV'] !== 'production') return await migrateQueueTables(installation)
  const { isQueueMigrated } = await loadQueue()
  if (!(await isQueueMigrated(queueBackend(installation))))
    throw new OperatorProblem('The database lacks the tables of the queue. Run: npm run migrate', {
      kind: 'data',
    })
}

/** Migrates the tables of the queue, and says what that waits for. */
export const migrateQueueTables = async (installation: Installation): Promise<void> => {
  const { migrateQueue } = await loadQueue()
  const { directUrl, logger } = installation
  await tellingOfLocks({ url: directUrl, logger }, () => migrateQueue(queueBackend(installation)))
}

/** Where the queue of an installation is. */
const queueBackend = ({ settings, directUrl }: Installation): BackendOptions => ({
  redisUrl: settings.queue.redisUrl,
  databaseUrl: directUrl,
})

/**
 * Opens the installation and its database, runs `work`, and closes them. Throws `OperatorProblem` for what an operator
 * can solve.
 */
export const withFoundation = async (
  use: InstallationUse,
  work: (foundation: Foundation, installation: Installation) => Promise<void>,
): Promise<void> => {
  const installation = await openInstallation(use)
  const { databaseUrl, directUrl, logger } = installation
  try {
    for (const url of new Set([databaseUrl, directUrl])) await requireServer(url, logger)
    await requireSessions(installation)
    const foundation = await openFoundation(installation)
    try {
      await work(foundation, installation)
    } finally {
      await foundation.close()
    }
  } catch (error) {
    throw databaseProblemOf(error, databaseUrl) ?? error
  } finally {
    await installation.close()
  }
}
