// The process: reads the command, serves or runs an operator's command, and stops cleanly on SIGTERM.
import 'reflect-metadata'
import type { FastifyInstance } from 'fastify'
import type { Worker } from '../jobs/worker.js'
import { migrate, pendingMigrations } from './database/migrate.js'
import { isDatabaseAway } from './database/storage-errors.js'
import { OperatorProblem } from './failure.js'
import { createApp } from './http/app.js'
import { type Installation, type InstallationUse, openInstallation } from './installation.js'
import type { BackendOptions } from './queue/backend.js'
import { describeError, outlineOf } from './runtime/error-outline.js'
import { type Foundation, openFoundation, startService } from './service.js'
import { type RotationCause, rotateSigningKey } from './signing-keys/rotate-signing-key.js'

const help = `Idem: many ways to prove who you are, one account behind them.

usage: npm start                                     serve and do the jobs until SIGTERM; nothing needs to be configured
       npm start -- api                              serve only; a worker elsewhere does the jobs
       npm start -- worker                           do the jobs only; several may run side by side
       npm run migrate                               apply the migrations (production; development does it at start)
       npm run rotate-signing-key [-- --compromised] add a signing key; --compromised also removes all others at once

examples:
  npm start
  IDEM_PORT=4001 IDEM_DATA_DIR=.idem2 npm start
  DATABASE_URL=postgres://idem@db.example.org/idem REDIS_URL=redis://queue.example.org npm start -- worker
  DATABASE_URL=postgres://idem@db.example.org/idem npm run migrate

Settings are environment variables; docs/settings.md lists them all.
`

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Migrates the tables in development; in production only checks them, because an operator migrates by command. */
const prepareTables = async ({ database }: Foundation, { logger }: Installation): Promise<void> => {
  if (process.env['NODE_ENV'] !== 'production') {
    const applied = await migrate(database)
    if (applied.length > 0) logger.info({ applied }, 'migrations applied')
    return
  }
  const pending = await pendingMigrations(database)
  if (pending.length > 0)
    throw new OperatorProblem(`The database lacks migrations (${pending.join(', ')}). Run: npm run migrate`)
}

/** The room of the queue, loaded only where jobs are done: BullMQ takes several megabytes. */
const loadQueue = async () => await import('./queue/backend.js')

/** The same for the tables of the queue. */
const prepareQueue = async (installation: Installation): Promise<void> => {
  const { migrateQueue, isQueueMigrated } = await loadQueue()
  const backend = queueBackend(installation)
  if (process.env['NODE_ENV'] !== 'production') await migrateQueue(backend)
  else if (!(await isQueueMigrated(backend)))
    throw new OperatorProblem('The database lacks the tables of the queue. Run: npm run migrate')
}

const queueBackend = ({ settings, databaseUrl }: Installation): BackendOptions => ({
  redisUrl: settings.queue.redisUrl,
  databaseUrl,
})

/** Opens the installation and its database, runs `work`, and closes them. */
const withFoundation = async (
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

/**
 * Interval of the check for the parent, in milliseconds. npm starts a shell that forwards no signals; its end means
 * "stop".
 */
const parentCheckMilliseconds = 300

/**
 * Resolves when the process is to stop. Ctrl-C sends two signals, from the terminal and from npm; the second has no
 * effect.
 */
const stopRequested = async (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve())
  const parent = process.ppid
  if (process.env['npm_lifecycle_event'] !== undefined)
    setInterval(() => process.ppid !== parent && resolve(), parentCheckMilliseconds).unref()
  await promise
}

/** Time for closing after the drain, in seconds; it may be used up if a database does not answer. */
const marginSeconds = 5

/** Exits after a time limit even if something still waits, so that a supervisor need not kill the process. */
const endAnyway = (seconds: number): void => {
  const end = () => {
    process.stderr.write('Stopped with work left undone: something did not answer.\n')
    process.exit(1)
  }
  setTimeout(end, seconds * 1000).unref()
}

/** The role of a process: serve requests, run jobs, or both. */
type Role = 'api' | 'worker' | 'both'

/** A started role: its HTTP application, and how to stop it. */
interface Running {
  readonly app: FastifyInstance
  stop(): Promise<void>
}

/** The HTTP application of a worker, which has only the health routes. */
const startWorkerApp = async (
  { settings, publicUrl, instanceId, random, logger }: Installation,
  { database, metrics }: Foundation,
  worker: Worker,
): Promise<Running> => {
  let draining = false
  const app = createApp({
    settings: settings.http,
    publicUrl,
    instanceId,
    random,
    logger,
    metrics,
    isDraining: () => draining,
    databaseAnswers: () => database.answers(),
    queueAnswers: () => worker.queueAnswers(),
  })
  return {
    app,
    stop: async () => {
      draining = true
      await worker.stop()
      await app.close()
    },
  }
}

const start = async (role: Role, installation: Installation, foundation: Foundation): Promise<Running> => {
  if (role === 'api') return await startService(installation, foundation)
  await prepareQueue(installation)
  // It brings nodemailer beside BullMQ.
  const { startWorker } = await import('../jobs/worker.js')
  const worker = await startWorker(installation, foundation)
  if (role === 'worker') return await startWorkerApp(installation, foundation, worker)
  const service = await startService(installation, foundation, () => worker.queueAnswers()).catch(
    async (error: unknown) => {
      await worker.stop()
      throw error
    },
  )
  return {
    app: service.app,
    // In parallel, so that running jobs and requests get the same time to finish.
    stop: async () => void (await Promise.all([service.stop(), worker.stop()])),
  }
}

const serve = async (role: Role): Promise<void> => {
  // Handles signals from the beginning, so that an interrupted start is cleaned up too.
  const stopped = stopRequested()
  let isTraced = false
  await withFoundation('serve', async (foundation, installation) => {
    const { settings, logger, publicUrl } = installation
    isTraced = installation.traces !== null
    const { host, port, drainSeconds } = settings.http
    void stopped.then(() => endAnyway(drainSeconds + marginSeconds))
    await prepareTables(foundation, installation)
    const running = await start(role, installation, foundation)
    try {
      await running.app.listen({ port, host })
      logger.info({ role, url: publicUrl, host, port }, readyLine(role, publicUrl))
      await stopped
      logger.info('stopping: no new requests and jobs, those under way finish')
    } finally {
      const deadline = setTimeout(() => running.app.server.closeAllConnections(), drainSeconds * 1000)
      await running.stop()
      clearTimeout(deadline)
    }
    logger.info('stopped')
  })
  // All is closed, but a collector that does not answer would hold its connection for up to 10 s more.
  if (isTraced) process.exit()
}

const readyLine = (role: Role, publicUrl: string): string =>
  role === 'worker' ? 'Idem does the jobs' : `Idem is ready at ${publicUrl}`

const runMigrations = (): Promise<void> =>
  withFoundation('command', async ({ database }, installation) => {
    const applied = await migrate(database)
    const { migrateQueue } = await loadQueue()
    await migrateQueue(queueBackend(installation))
    print(
      applied.length === 0 ? 'Nothing to do: the database is up to date.' : `Applied: ${applied.join(', ')}.`,
    )
  })

const rotate = (cause: RotationCause): Promise<void> =>
  withFoundation('command', async (foundation, installation) => {
    await prepareTables(foundation, installation)
    const leadSeconds = installation.settings.tokens.signingKeyLeadSeconds
    const { added, removed } = await rotateSigningKey(foundation.ownCall(), cause, {
      ...foundation,
      leadSeconds,
    })
    print(`Added signing key ${added.kid}. It signs from ${added.signsFrom.toISOString()}.`)
    if (cause === 'compromised')
      print(`Removed ${removed.length} others: tokens that they signed no longer hold.`)
  })

const run = async ([command = 'both', ...flags]: readonly string[]): Promise<void> => {
  if ([command, ...flags].some((word) => word === '--help' || word === '-h' || word === 'help'))
    return print(help)
  const isKnown =
    command === 'rotate-signing-key' ? flags.every((flag) => flag === '--compromised') : flags.length === 0
  if (isKnown && (command === 'api' || command === 'worker' || command === 'both'))
    return await serve(command)
  if (isKnown && command === 'migrate') return await runMigrations()
  if (isKnown && command === 'rotate-signing-key')
    return await rotate(flags.includes('--compromised') ? 'compromised' : 'routine')
  throw new OperatorProblem(`Unknown command: ${[command, ...flags].join(' ')}\n\n${help}`)
}

/** Prints problems that an operator can solve as a sentence, and bugs with their stack. */
const explain = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `${error.message}. Another program listens there: stop it, or set IDEM_PORT.`
  if (error instanceof OperatorProblem) return error.message
  if (isDatabaseAway(error))
    return `The database does not answer as it should. Check DATABASE_URL, and that it runs.\n${describeError(error)}`
  return [
    `A bug: ${describeError(error)}`,
    ...outlineOf(error).frames.map((frame) => `    at ${frame}`),
  ].join('\n')
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
