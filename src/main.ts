// The process: reads the command, serves or does an operator's errand, and ends cleanly on SIGTERM.
import 'reflect-metadata'
import { type RotationCause, rotateSigningKey } from './authentication/rotate-signing-key.js'
import { migrate, pendingMigrations } from './database/migrate.js'
import { isDatabaseAway } from './database/storage-errors.js'
import { OperatorProblem } from './failure.js'
import { type Installation, type InstallationUse, openInstallation } from './installation.js'
import { type Foundation, openFoundation, startService } from './service.js'

const help = `Idem: many ways to prove who you are, one account behind them.

usage: npm start [-- api]                            serve until SIGTERM; nothing needs to be configured
       npm run migrate                               apply the migrations (production; development does it at start)
       npm run rotate-signing-key [-- --compromised] add a signing key; --compromised also removes all others at once

examples:
  npm start
  IDEM_PORT=4001 IDEM_DATA_DIR=.idem2 npm start
  DATABASE_URL=postgres://idem@db.example.org/idem npm run migrate

Settings are environment variables; README.md lists them all.
`

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** In development the tables follow the code; in production an operator decides when. */
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

/** Opens the installation and its database for as long as `work` takes. */
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
      await foundation.database.close()
    }
  } finally {
    await installation.close()
  }
}

/** npm runs us below a shell that passes no signal on: when that shell is gone, npm was told to stop. In milliseconds. */
const parentCheckMilliseconds = 300

/** Resolves when the process is to stop. Repeated signals change nothing: Ctrl-C reaches us from the terminal and from npm. */
const stopRequested = async (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve())
  const parent = process.ppid
  if (process.env['npm_lifecycle_event'] !== undefined)
    setInterval(() => process.ppid !== parent && resolve(), parentCheckMilliseconds).unref()
  await promise
}

/** What closing may take beyond the drain, when a database does not answer. In seconds. */
const marginSeconds = 5

/** Ends the process though something still waits: a supervisor must not have to. */
const endAnyway = (seconds: number): void => {
  const end = () => {
    process.stderr.write('Stopped with work left undone: something did not answer.\n')
    process.exit(1)
  }
  setTimeout(end, seconds * 1000).unref()
}

const serve = async (): Promise<void> => {
  // From the first moment on, so that a start that is broken off ends as cleanly as a service.
  const stopped = stopRequested()
  await withFoundation('serve', async (foundation, installation) => {
    const { settings, logger, publicUrl } = installation
    const { host, port, drainSeconds } = settings.http
    void stopped.then(() => endAnyway(drainSeconds + marginSeconds))
    await prepareTables(foundation, installation)
    const service = await startService(installation, foundation)
    try {
      await service.app.listen({ port, host })
      logger.info({ url: publicUrl, host, port }, `Idem is ready at ${publicUrl}`)
      await stopped
      logger.info('stopping: no new requests, those under way finish')
    } finally {
      const deadline = setTimeout(() => service.app.server.closeAllConnections(), drainSeconds * 1000)
      await service.stop()
      clearTimeout(deadline)
    }
    logger.info('stopped')
  })
}

const runMigrations = (): Promise<void> =>
  withFoundation('command', async ({ database }) => {
    const applied = await migrate(database)
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

const run = async ([command = 'api', ...flags]: readonly string[]): Promise<void> => {
  if ([command, ...flags].some((word) => word === '--help' || word === '-h' || word === 'help'))
    return print(help)
  const isKnown =
    command === 'rotate-signing-key' ? flags.every((flag) => flag === '--compromised') : flags.length === 0
  if (isKnown && command === 'api') return await serve()
  if (isKnown && command === 'migrate') return await runMigrations()
  if (isKnown && command === 'rotate-signing-key')
    return await rotate(flags.includes('--compromised') ? 'compromised' : 'routine')
  throw new OperatorProblem(`Unknown command: ${[command, ...flags].join(' ')}\n\n${help}`)
}

/** What a person can mend is said in a sentence; a bug keeps its stack. */
const explain = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `${error.message}. Another program listens there: stop it, or set IDEM_PORT.`
  if (error instanceof OperatorProblem) return error.message
  if (isDatabaseAway(error))
    return `The database does not answer as it should. Check DATABASE_URL, and that it runs.\n${String(error)}`
  if (error instanceof Error) return error.stack ?? error.message
  return String(error)
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
