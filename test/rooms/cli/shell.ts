// A shell in which `idem` runs as a process of its own, as it was built.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { freshFolder, type Run } from './try-cli.js'

/** The folder of the project. */
export const repository = path.resolve(import.meta.dirname, '../../..')

/** What a shell is set up with. */
export interface ShellOptions {
  readonly url: string
  /** The Node to run on; that of the tests by default. */
  readonly node?: string
  readonly program?: string
  /** Variables beside the usual ones; undefined takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The id of the user who runs it; only root may name another one. */
  readonly userId?: number
}

/** What a line of shell reads. */
export interface LineInput {
  readonly stdin?: string
  /** Instead: an answer to what the question has in its first group. */
  readonly asks?: { readonly question: RegExp; readonly answer: (asked: string) => string }
  /** Instead: Ctrl-C, once standard error has this. */
  readonly interruptAt?: RegExp
}

/** A Node on this machine. */
export interface InstalledNode {
  readonly version: string
  readonly path: string
}

/** The Node that runs the tests and, where the machine has one of its own, the Node that a user would have. */
export const installedNodes = (): readonly InstalledNode[] => {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const own = folders
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => path.join(folder, 'node'))
    .find((file) => existsSync(file))
  const tests = { version: process.versions.node, path: process.execPath }
  if (own === undefined) return [tests]
  const version = execFileSync(own, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
  return version === tests.version || Number.parseInt(version, 10) < 20
    ? [tests]
    : [tests, { version, path: own }]
}

/** Shells of one user: they share a folder and a config. */
export class Shell {
  readonly folder = freshFolder()
  readonly configPath = path.join(this.folder, 'config', 'config.json')
  /** How far this machine's clock is ahead. */
  secondsAhead = 0
  /** Everything that was written so far, but for what `idem token` printed. */
  written = ''

  constructor(private readonly options: ShellOptions) {}

  /** Starts `idem` with these words; `stdin` is empty unless given. */
  start(words: readonly string[], stdin = ''): { child: ChildProcess; finished: Promise<Run> } {
    const { node = process.execPath, program = path.join(repository, 'bin/idem.js') } = this.options
    return this.#spawn(node, [program, ...words], stdin)
  }

  /** Starts `idem` and leaves its standard input open, for what is typed meanwhile. */
  open(words: readonly string[]): { child: ChildProcess; finished: Promise<Run>; said: () => string } {
    const { node = process.execPath, program = path.join(repository, 'bin/idem.js') } = this.options
    let said = ''
    const { child, finished } = this.#spawn(node, [program, ...words], null)
    child.stderr?.on('data', (chunk) => (said += chunk))
    const remembered = finished.then((run) => {
      this.written += run.stdout + run.stderr
      return run
    })
    return { child, finished: remembered, said: () => said }
  }

  /** Runs `idem` to its end. */
  async run(words: readonly string[], stdin = ''): Promise<Run> {
    const run = await this.start(words, stdin).finished
    this.written += words[0] === 'token' ? run.stderr : run.stdout + run.stderr
    return run
  }

  /** What a command that must work answers with `--json`, on standard output alone. */
  // biome-ignore lint/suspicious/noExplicitAny: each command answers something else
  async ask(words: readonly string[], stdin = ''): Promise<any> {
    const { exitCode, stdout, stderr } = await this.run([...words, '--json'], stdin)
    if (exitCode !== 0 || stderr !== '')
      throw new Error(`idem ${words.join(' ')} ended with ${exitCode}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** Runs a line of shell in which `idem` is a command; `answer` is typed once `question` was asked. */
  async runLine(line: string, { stdin = '', asks, interruptAt }: LineInput = {}): Promise<Run> {
    const { node = process.execPath } = this.options
    const idem = `idem() { '${node}' '${path.join(repository, 'bin/idem.js')}' "$@"; }`
    // As a shell at a terminal, it goes on after Ctrl-C.
    const words = ['-c', `set -e; trap : INT; ${idem}; ${line}`]
    if (interruptAt !== undefined) return this.#runUntil(words, interruptAt)
    if (asks === undefined) return this.#spawn('sh', words, stdin).finished
    const { child, finished } = this.#spawn('sh', words, null)
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
      const [, asked] = asks.question.exec(said) ?? []
      if (asked !== undefined) child.stdin?.end(asks.answer(asked))
    })
    return finished
  }

  #runUntil(words: readonly string[], interruptAt: RegExp): Promise<Run> {
    const { child, finished } = this.#spawn('sh', words, '', { detached: true })
    let said = ''
    child.stderr?.on('data', (chunk) => {
      const isSaid = interruptAt.test(said)
      said += chunk
      // A terminal sends it to all processes in the foreground.
      if (!isSaid && interruptAt.test(said) && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    })
    return finished
  }

  /** The path of a file in this user's folder. */
  file(name: string): string {
    return path.join(this.folder, name)
  }

  /** What the config file holds. */
  // biome-ignore lint/suspicious/noExplicitAny: as it is on the disk
  get config(): any {
    return JSON.parse(readFileSync(this.configPath, 'utf8'))
  }

  /** Makes the config's tokens so many seconds older. */
  receiveEarlier(seconds: number): void {
    const { config } = this
    const { tokens } = config.servers[this.options.url]
    tokens.receivedAt = new Date(Date.parse(tokens.receivedAt) - seconds * 1000).toISOString()
    writeFileSync(this.configPath, JSON.stringify(config))
  }

  #spawn(
    command: string,
    words: readonly string[],
    stdin: string | null,
    options: { readonly detached?: true } = {},
  ): { child: ChildProcess; finished: Promise<Run> } {
    const child = spawn(command, words, {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        NODE_OPTIONS: moveClock(this.secondsAhead),
        IDEM_URL: this.options.url,
        IDEM_CONFIG: this.configPath,
        ...this.options.environment,
      },
      ...(this.options.userId === undefined ? {} : { uid: this.options.userId, gid: this.options.userId }),
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options,
    })
    child.stdin.on('error', () => undefined) // who does not read it may be gone before it is written
    if (stdin !== null) child.stdin.end(stdin)
    const finished = new Promise<Run>((resolve) => {
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (chunk) => (stdout += chunk))
      child.stderr.on('data', (chunk) => (stderr += chunk))
      child.on('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }))
    })
    return { child, finished }
  }
}

/** Has Node begin by setting its clock: the machine's own cannot be moved. */
const moveClock = (seconds: number): string => {
  if (seconds === 0) return ''
  const script = `const Real = Date; const ahead = ${seconds * 1000}
    globalThis.Date = class extends Real {
      constructor(...parts) { parts.length === 0 ? super(Real.now() + ahead) : super(...parts) }
      static now() { return Real.now() + ahead }
    }`
  return `--import=data:text/javascript,${encodeURIComponent(script)}`
}
