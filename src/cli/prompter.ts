// Asks a person at a terminal; otherwise reads the answers from the input, one a line.

import { CliError } from './cli-error.js'
import { Lines } from './lines.js'
import { type Machine, wantsJson } from './machine.js'
import type { Output } from './output.js'
import { readHiddenLine } from './read-hidden-line.js'

/** The questions of one run, in their order. */
export class Prompter {
  /** The lines of the input that are not hidden. */
  readonly lines: Lines
  /** Whether a person answers, who can be asked again. */
  readonly isInteractive: boolean

  constructor(
    private readonly machine: Machine,
    private readonly output: Output,
  ) {
    this.lines = new Lines(machine.stdin)
    this.isInteractive = machine.stdin.isTTY === true && !wantsJson(machine)
  }

  /** The answer to a question such as `Code:`. `ANSWER_MISSING` at the end of the input. */
  async ask(question: string, what: string): Promise<string> {
    if (this.isInteractive) this.output.ask(question)
    return answered(await this.lines.next(), what)
  }

  /** The same, not shown while it is typed. */
  async askHidden(question: string, what: string): Promise<string> {
    // Also with `--json`, which asks nobody twice: the terminal would show what is typed.
    if (this.machine.stdin.isTTY !== true) return answered(await this.lines.next(), what)
    this.lines.rest()
    this.output.ask(question)
    const line = await readHiddenLine(this.machine.stdin)
    this.output.progress('') // the line end was not shown either
    return answered(line, what)
  }

  /** True for a yes to a question with two answers; the input's end is a no. */
  async confirm(question: string): Promise<boolean> {
    this.output.ask(`${question} [y/N]`)
    return /^\s*y(es)?\s*$/i.test((await this.lines.next()) ?? '')
  }
}

const answered = (line: string | null, what: string): string => {
  if (line !== null) return line
  throw new CliError(
    'ANSWER_MISSING',
    `${what} is asked for, and the input is at its end.`,
    'Type it at a terminal, or pipe it in: one answer a line.',
  )
}
