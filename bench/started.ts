// Everything that the benchmark started: processes, each ended by its pid, and folders, the newest first.
import { type ChildProcess, type ForkOptions, fork, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Time limit for the end of a process, in milliseconds; a server drains for 5 s and then stops its database. */
const endMilliseconds = 20_000

/** Children get a process group of their own, so that Ctrl-C does not end them before the benchmark does, in order. */
const ownGroup = { detached: true } as const

/** Everything to end or remove when the benchmark ends. After that has begun, it refuses to start anything. */
export class Started {
  readonly #undo: (() => Promise<unknown>)[] = []
  #isEnding = false

  /** Makes a temporary folder. */
  folder(prefix: string): string {
    this.#refuseWhenEnding()
    const path = mkdtempSync(join(tmpdir(), prefix))
    this.add(() => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
    return path
  }

  /** Starts a program. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    this.#refuseWhenEnding()
    const child = spawn(program, args, { ...options, ...ownGroup })
    this.add(() => end(child))
    return child
  }

  /** Starts a Node program with an IPC channel; the program must end when the channel closes. */
  fork(file: string, options: ForkOptions, args: readonly string[] = []): ChildProcess {
    this.#refuseWhenEnding()
    const child = fork(file, args, { ...options, ...ownGroup })
    this.add(() => end(child))
    return child
  }

  /** Registers `undo` to run at the end, before those that were registered earlier. */
  add(undo: () => Promise<unknown>): void {
    this.#undo.push(undo)
  }

  /** Ends and removes everything. */
  async end(): Promise<void> {
    this.#isEnding = true
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo()
  }

  #refuseWhenEnding(): void {
    if (this.#isEnding) throw new Error('the benchmark is ending')
  }
}

/** True if the process has ended. */
export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null

const end = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endMilliseconds)
  await ended
  clearTimeout(timer)
}

/** The pid of a started process. Throws when the program could not be started. */
export const pidOf = (child: ChildProcess): number => {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} cannot be started`)
  return child.pid
}

/** The next message of a forked process. Throws if the process ends instead. */
export const nextMessage = async (child: ChildProcess): Promise<unknown> => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const onExit = () => reject(new Error(`${child.spawnargs.join(' ')} ended unexpectedly`))
  child.once('message', resolve)
  child.once('exit', onExit)
  try {
    return await promise
  } finally {
    child.off('message', resolve)
    child.off('exit', onExit)
  }
}
