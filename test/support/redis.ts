// A real Redis for tests: a server of its own on a free port, which is restarted, killed, or loses everything.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './start-service.js'

/** Each test takes a database of its own, so that queues of one name do not meet. */
const mostDatabases = 1_000
/** An empty server starts in milliseconds; a busy machine may need longer. In milliseconds. */
const startMilliseconds = 20_000

/** The server's program, `$REDIS_SERVER_PATH` or the one on the PATH; null where none is installed. */
export const findRedisServer = (): string | null => {
  const program = process.env['REDIS_SERVER_PATH'] ?? 'redis-server'
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return program
  } catch {
    return null
  }
}

/** A server that has on disk whatever it acknowledged. */
export class RedisServer {
  #child: ChildProcess | null = null
  #databases = 0

  private constructor(
    private readonly program: string,
    private readonly port: number,
    private readonly directory: string,
  ) {}

  /** Starts a server with a folder of its own. */
  static async start(program: string): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'idem-redis-'))
    const server = new RedisServer(program, await freePort(), directory)
    await server.run()
    return server
  }

  /** For `REDIS_URL`: a database that no other test has. */
  takeUrl(): string {
    this.#databases += 1
    return `redis://127.0.0.1:${this.port}/${this.#databases % mostDatabases}`
  }

  /** Starts it again where it was, with what it has on disk. */
  async run(): Promise<void> {
    const options = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.directory,
      databases: String(mostDatabases),
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
    }
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    this.#child = spawn(this.program, flags, { stdio: 'ignore' })
    const deadline = performance.now() + startMilliseconds
    while ((await this.#ask((client) => client.ping()).catch(() => null)) !== 'PONG') {
      if (performance.now() > deadline) throw new Error('redis-server does not answer')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends the server, by SIGKILL without a goodbye; its folder stays. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  /** Ends it and starts it again. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.end(signal)
    await this.run()
  }

  /** Loses everything of one database, as a server without a disk does when it is restarted. */
  async flush(url: string): Promise<void> {
    await this.#ask((client) => client.flushdb(), Number(new URL(url).pathname.slice(1)))
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.end('SIGKILL')
    await rm(this.directory, { recursive: true, force: true })
  }

  async #ask<T>(question: (client: Redis) => Promise<T>, db = 0): Promise<T> {
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      db,
      lazyConnect: true,
      retryStrategy: () => null,
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return await question(client)
    } finally {
      client.disconnect()
    }
  }
}
