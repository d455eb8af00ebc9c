// Reports a failure in the form that was asked for.

import { describeFailure } from './describe-failure.js'
import { type Machine, wantsJson } from './machine.js'
import { jsonOutput, textOutput } from './output.js'

/** Writes what is wrong and what to do, and returns the exit code. */
export const reportFailure = (machine: Machine, error: unknown): number => {
  const output = wantsJson(machine) ? jsonOutput(machine) : textOutput(machine)
  const report = describeFailure(error)
  output.failure(report)
  return report.exitCode
}
