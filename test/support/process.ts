// Runs the built service as a process of its own, on a database of the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { freePort, MovableClock, mailServerFor, TestService } from './start-service.js'

const program = path.resolve(import.meta.dirname, '../../dist/src/main.js')

/** The output and the exit of a process. */
export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What else differs from the process of the test. */
export interface ProcessPlace {
  /** An open file for its standard output, which is then not read. */
  readonly stdout?: number
  /** The uid and gid; only root can set them. */
  readonly user?: number
}

/** A process of Idem. */
export class IdemProcess {
  #stdout = ''
  #stderr = ''
  readonly #closed: Promise<unknown>

  private constructor(
    readonly url: string,
    readonly child: ChildProcess,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString()
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
    this.#closed = once(child, 'close')
  }

  /** Starts `node dist/src/main.js`. Of this process's environment it inherits only PATH. */
  static async start(
    environment: Readonly<Record<string, string>>,
    words: readonly string[] = [],
    place: ProcessPlace = {},
  ): Promise<IdemProcess> {
    if (!existsSync(program)) throw new Error('dist/src/main.js is missing: npm run build')
    const port = await freePort()
    const child = spawn(process.execPath, [program, ...words], {
      env: {
        PATH: process.env['PATH'],
        IDEM_PORT: String(port),
        ...mailServerFor(environment),
        ...environment,
      },
      stdio: ['ignore', place.stdout ?? 'pipe', 'pipe'],
      ...(place.user === undefined ? {} : { uid: place.user, gid: place.user }),
    })
    return new IdemProcess(`http://localhost:${port}`, child)
  }

  get stdout(): string {
    return this.#stdout
  }

  /** Waits until the process serves. */
  async ready(): Promise<this> {
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null)
      if (answer?.status === 200) return this
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.#stderr}${this.#stdout}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** The process as a `TestService`; its clock is the machine's. */
  asService(databaseUrl: string): TestService {
    return new TestService(this.url, databaseUrl, new MovableClock(), null, [])
  }

  /** Resolves with its exit once it has ended. */
  async ended(): Promise<Ended> {
    await this.#closed
    return { exitCode: this.child.exitCode, stdout: this.#stdout, stderr: this.#stderr }
  }

  /** Sends SIGTERM and waits for the exit. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal)
    return await this.ended()
  }
}
