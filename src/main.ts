// The process: reads the command, and serves or runs an operator's command.
import 'reflect-metadata'
import { migrate } from './database/migrate.js'
import { isDatabaseAway } from './database/storage-errors.js'
import { OperatorProblem } from './failure.js'
import { migrateQueueTables, prepareTables, withFoundation } from './preparation.js'
import { describeError, outlineOf } from './runtime/error-outline.js'
import { serve } from './serving.js'
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

const runMigrations = (): Promise<void> =>
  withFoundation('command', async ({ database }, installation) => {
    const applied = await migrate(database)
    await migrateQueueTables(installation)
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
// All is closed. What libraries still try, such as connecting to a Redis that never answered, must not keep the process.
process.exit()
