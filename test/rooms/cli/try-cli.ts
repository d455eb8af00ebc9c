// A machine made for one test: its own folder, streams, environment and clock, and the command line run on it.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { Command } from 'commander'
import { createProgram } from '../../../src/cli/create-program.js'
import type { Machine } from '../../../src/cli/machine.js'
import { runCli } from '../../../src/cli/run-cli.js'

/** What a run left behind. */
export interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What one run is given beside its words. */
export interface Circumstances {
  readonly stdin?: string
  readonly isTerminal?: boolean
  readonly environment?: Record<string, string>
}

/** A command that is still running, with somebody before it. */
export interface Conversation {
  /** What it has said on standard error so far. */
  readonly said: () => string
  /** Types a line. */
  readonly type: (line: string) => void
  /** Ends the input. */
  readonly leave: () => void
  /** Presses Ctrl-C, for a command that ends by it. */
  readonly interrupt: () => void
  readonly finished: Promise<Run>
}

/** Where a machine is: the server that it speaks to, and the time that it has. */
export interface Surroundings {
  readonly url: string
  readonly clock?: { now(): Date }
  /** Where its files lie; a fresh folder by default. */
  readonly folder?: string
}

/** A folder of its own under the system's temporary one. */
export const freshFolder = (): string => mkdtempSync(path.join(tmpdir(), 'idem-cli-test-'))

const realClock = { now: () => new Date() }

/** A machine on which nothing has been done. */
export const bareMachine: Machine = {
  words: [],
  environment: {},
  stdin: Readable.from([]),
  stdout: { write: () => undefined },
  stderr: { write: () => undefined },
  hostname: 'testbed',
  configFolder: '',
  version: '0.0.0-test',
  now: realClock.now,
  unbroken: (work) => work(),
  untilInterrupted: (work) => work(new AbortController().signal),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
}

/** The words of every command, such as `keys add`. */
export const commandPaths = (): readonly (readonly string[])[] => pathsBelow(createProgram(bareMachine), [])

const pathsBelow = (command: Command, above: readonly string[]): readonly (readonly string[])[] =>
  command.commands.flatMap((below) => {
    const words = [...above, below.name()]
    return [words, ...pathsBelow(below, words)]
  })

/** A machine with a folder of its own; shells on it share the config. */
export class TestMachine {
  readonly folder: string
  readonly configPath: string

  constructor(private readonly surroundings: Surroundings) {
    this.folder = surroundings.folder ?? freshFolder()
    this.configPath = path.join(this.folder, 'config', 'config.json')
  }

  /** Runs one command to its end. */
  run(words: readonly string[], circumstances: Circumstances = {}): Promise<Run> {
    return this.#start(words, Readable.from([circumstances.stdin ?? '']), circumstances).finished
  }

  /** Starts a command that listens to what is typed meanwhile; at a terminal unless told otherwise. */
  open(words: readonly string[], { isTerminal = true }: Circumstances = {}): Conversation {
    const keyboard = new PassThrough()
    const interruption = new AbortController()
    const { said, finished } = this.#start(words, keyboard, { isTerminal }, interruption.signal)
    return {
      said,
      interrupt: () => interruption.abort(),
      type: (line) => keyboard.write(`${line}\n`),
      leave: () => keyboard.end(),
      finished,
    }
  }

  #start(
    words: readonly string[],
    stdin: Readable,
    { isTerminal = false, environment = {} }: Circumstances,
    interrupted = new AbortController().signal,
  ): { said: () => string; finished: Promise<Run> } {
    const { url, clock = realClock } = this.surroundings
    let stdout = ''
    let stderr = ''
    const ended = runCli({
      ...bareMachine,
      words,
      environment: { IDEM_URL: url, ...environment },
      stdin: Object.assign(stdin, { isTTY: isTerminal }),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      configFolder: path.dirname(this.configPath),
      now: () => clock.now(),
      untilInterrupted: (work) => work(interrupted),
    })
    const finished = ended.then((exitCode) => ({ exitCode, stdout, stderr }))
    return { said: () => stderr, finished }
  }

  /** What a command that must work answers with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: each command answers something else
  async ask(words: readonly string[], circumstances: Circumstances = {}): Promise<any> {
    const { exitCode, stdout, stderr } = await this.run([...words, '--json'], circumstances)
    if (exitCode !== 0) throw new Error(`idem ${words.join(' ')} ended with ${exitCode}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** The path of a file in this machine's folder. */
  file(name: string): string {
    return path.join(this.folder, name)
  }

  /** Makes a key. */
  async keygen(name: string): Promise<{ file: string; publicKey: string }> {
    const file = this.file(name)
    const { publicKey } = await this.ask(['keygen', '--out', file])
    return { file, publicKey }
  }

  /** What the config file holds. */
  // biome-ignore lint/suspicious/noExplicitAny: as it is on the disk
  get config(): any {
    return JSON.parse(readFileSync(this.configPath, 'utf8'))
  }

  /** What it keeps for this machine's server. */
  // biome-ignore lint/suspicious/noExplicitAny: as it is on the disk
  get kept(): any {
    return this.config.servers[this.surroundings.url]
  }
}

/** The error of a run with `--json`. */
export const errorOf = ({ stderr }: Run): Record<string, unknown> => JSON.parse(stderr).error
