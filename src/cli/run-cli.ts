// One run of the command line, from the arguments to the exit code.

import { CommanderError } from 'commander'
import { createProgram } from './create-program.js'
import { exitCodes } from './exit-code.js'
import type { Machine } from './machine.js'
import { reportFailure } from './report-failure.js'

/** Runs one command and returns the exit code. Never throws. */
export const runCli = async (machine: Machine): Promise<number> => {
  try {
    await createProgram(machine).parseAsync([...machine.words], { from: 'user' })
    return exitCodes.ok.status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok.status // --help, --version
    return reportFailure(machine, error)
  }
}
