// The process: reads the command, and serves or runs an operator's command.
import 'reflect-metadata'
import { migrate } from './database/migrate.js'
import { OperatorProblem, problemKinds } from './failure.js'
import { migrateQueueTables, prepareTables, withFoundation } from './preparation.js'
import { describeError, outlineOf } from './runtime/error-outline.js'
import { createLogger } from './runtime/logger.js'
import { RequestScope } from './runtime/request-scope.js'
import { print } from './runtime/standard-output.js'
import { type Role, serve } from './serving.js'
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

/** Exit status after a bug, as Node's own. */
const bugExitStatus = 1

const runMigrations = (): Promise<void> =>
  withFoundation('command', async ({ database }, installation) => {
    const applied = await migrate(database)
    await migrateQueueTables(installation)
    await print(
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
    await print(`Added signing key ${added.kid}. It signs from ${added.signsFrom.toISOString()}.`)
    if (cause === 'compromised')
      await print(`Removed ${removed.length} others: tokens that they signed no longer hold.`)
  })

const isRole = (command: string): command is Role =>
  command === 'api' || command === 'worker' || command === 'both'

const run = async ([command = 'both', ...flags]: readonly string[]): Promise<void> => {
  if ([command, ...flags].some((word) => word === '--help' || word === '-h' || word === 'help'))
    return await print(help)
  const isKnown =
    command === 'rotate-signing-key' ? flags.every((flag) => flag === '--compromised') : flags.length === 0
  if (isKnown && isRole(command)) return await serve(command)
  if (isKnown && command === 'migrate') return await runMigrations()
  if (isKnown && command === 'rotate-signing-key')
    return await rotate(flags.includes('--compromised') ? 'compromised' : 'routine')
  throw new OperatorProblem(`Unknown command: ${[command, ...flags].join(' ')}\n\n${help}`, { kind: 'usage' })
}

/** A bug in words, with the places in the code. */
const describeBug = (error: unknown): string =>
  [`A bug: ${describeError(error)}`, ...outlineOf(error).frames.map((frame) => `    at ${frame}`)].join('\n')

/**
 * Says on standard error why the process ends, and in the log too where the process writes one, because collectors
 * often take nothing else.
 */
const endWith = (error: unknown, isLogging: boolean): void => {
  const kind = error instanceof OperatorProblem ? error.kind : 'bug'
  const exitStatus = kind === 'bug' ? bugExitStatus : problemKinds[kind].exitStatus
  process.exitCode = exitStatus
  process.stderr.write(`${error instanceof OperatorProblem ? error.message : describeBug(error)}\n`)
  if (!isLogging) return
  const level = process.env['IDEM_LOG_LEVEL'] === 'silent' ? 'silent' : 'fatal'
  const logger = createLogger({ level, requestScope: new RequestScope() })
  if (error instanceof OperatorProblem) logger.fatal({ problem: kind, exitStatus }, error.message)
  else logger.fatal({ problem: kind, exitStatus, err: error }, 'the process ends because of a bug')
}

const words = process.argv.slice(2)
// Nobody is left to be told if standard error cannot be written.
process.stderr.on('error', () => undefined)
try {
  await run(words)
} catch (error) {
  endWith(error, isRole(words[0] ?? 'both'))
}
// All is closed. What libraries still try, such as connecting to a Redis that never answered, must not keep the process.
process.exit()
