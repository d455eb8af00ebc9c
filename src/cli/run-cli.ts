// One run of the command line, from the arguments to the exit code.

import { CommanderError } from 'commander'
import { createProgram } from './create-program.js'
import { describeFailure } from './describe-failure.js'
import { exitCodes } from './exit-code.js'
import { type Machine, wantsJson } from './machine.js'
import { jsonOutput, textOutput } from './output.js'

/** Runs one command and returns the exit code. Never throws. */
export const runCli = async (machine: Machine): Promise<number> => {
  const output = wantsJson(machine) ? jsonOutput(machine) : textOutput(machine)
  try {
    await createProgram(machine).parseAsync([...machine.words], { from: 'user' })
    return exitCodes.ok.status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok.status // --help, --version
    const report = describeFailure(error)
    output.failure(report)
    return report.exitCode
  }
}
