// The process `idem`: runs one command on this machine.

import { randomBytes } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { systemClock } from '../client/clock.js'
import { CliError } from './cli-error.js'
import { configFolder } from './config-folder.js'
import { exitCodes } from './exit-code.js'
import { describeFileFault } from './file-fault.js'
import { reportFailure } from './report-failure.js'
import { runCli } from './run-cli.js'
import { StandardStream } from './standard-stream.js'
import { unbroken } from './unbroken.js'
import { untilInterrupted } from './until-interrupted.js'

/** Runs the command line of this process and returns its exit code. `version` is that of the package. */
export const main = async (version: string): Promise<number> => {
  const stdout = new StandardStream(process.stdout)
  const stderr = new StandardStream(process.stderr)
  const machine = {
    words: process.argv.slice(2),
    environment: process.env,
    stdin: process.stdin,
    stdout,
    stderr,
    hostname: hostname(),
    configFolder: configFolder({ platform: process.platform, environment: process.env, home: homeFolder() }),
    version,
    now: systemClock,
    unbroken,
    untilInterrupted,
    randomBytes,
  }
  const exitCode = await runCli(machine)
  const fault = await stdout.fault()
  return fault === null || exitCode !== exitCodes.ok.status
    ? exitCode
    : reportFailure(machine, outputLost(fault))
}

const outputLost = (fault: Error): CliError =>
  new CliError(
    'OUTPUT_NOT_WRITTEN',
    `What was asked for was done, but its result could not be written: ${describeFileFault(fault)}.`,
    'Free the disk, or send standard output elsewhere.',
    { cause: fault },
  )

/** Null for a user without HOME and without an entry in the system's list of users, as in some containers. */
const homeFolder = (): string | null => {
  try {
    return homedir()
  } catch {
    return null
  }
}
