// How every command introduces itself: a summary, its examples, and where the exit codes stand.

import { Command } from 'commander'

/** What `--help` says of a command beside its options. */
export interface CommandText {
  readonly name: string
  readonly summary: string
  /** What the summary leaves out. */
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
