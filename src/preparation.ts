// What a process does before its work: opens the database and brings or checks its tables.
import { migrate, pendingMigrations, refuseNewerTables } from './database/migrate.js'
import { OperatorProblem } from './failure.js'
import { type Installation, type InstallationUse, openInstallation } from './installation.js'
import type { BackendOptions } from './queue/backend.js'
import { type Foundation, openFoundation } from './service.js'

/** Migrates the tables in development; in production only checks them, because an operator migrates by command. */
export const prepareTables = async ({ database }: Foundation, { logger }: Installation): Promise<void> => {
  if (process.env['NODE_ENV'] !== 'production') {
    const applied = await migrate(database)
    if (applied.length > 0) logger.info({ applied }, 'migrations applied')
    return
  }
  await refuseNewerTables(database)
  const pending = await pendingMigrations(database)
  if (pending.length > 0)
    throw new OperatorProblem(`The database lacks migrations (${pending.join(', ')}). Run: npm run migrate`)
}

/** The room of the queue, loaded only where jobs are done: BullMQ takes several megabytes. */
export const loadQueue = async () => await import('./queue/backend.js')

/** The same for the tables of the queue. */
export const prepareQueue = async (installation: Installation): Promise<void> => {
  const { migrateQueue, isQueueMigrated } = await loadQueue()
  const backend = queueBackend(installation)
  if (process.env['NODE_ENV'] !== 'production') await migrateQueue(backend)
  else if (!(await isQueueMigrated(backend)))
    throw new OperatorProblem('The database lacks the tables of the queue. Run: npm run migrate')
}

/** Where the queue of an installation is. */
export const queueBackend = ({ settings, databaseUrl }: Installation): BackendOptions => ({
  redisUrl: settings.queue.redisUrl,
  databaseUrl,
})

/** Opens the installation and its database, runs `work`, and closes them. */
export const withFoundation = async (
  use: InstallationUse,
  work: (foundation: Foundation, installation: Installation) => Promise<void>,
): Promise<void> => {
  const installation = await openInstallation(use)
  try {
    const foundation = await openFoundation(installation)
    try {
      await work(foundation, installation)
    } finally {
      await foundation.close()
    }
  } finally {
    await installation.close()
  }
}
