// The common form of a command: summary, examples, and a pointer to the exit codes.

import { Command } from 'commander'

/** The texts of `--help` beside the options. */
export interface CommandText {
  readonly name: string
  readonly summary: string
  /** Details that are not in the summary. */
  readonly details?: string
  readonly examples: readonly string[]
}

/** A command without its options and action. */
export const defineCommand = ({ name, summary, details, examples }: CommandText): Command =>
  new Command(name)
    .summary(summary)
    .description(details === undefined ? `${summary}.` : `${summary}.\n${details}`)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
    .addHelpText('after', '\nExit codes: see idem --help')
