// A real Redis for tests: a separate server on a free port, which a test can restart, kill or empty.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Certificate } from './certificates.js'
import { freePort } from './start-service.js'

/** Number of databases; each test takes its own, so that queues with the same name do not interfere. */
const mostDatabases = 1_000
/** Time limit of a start, in milliseconds: long enough for a busy machine. */
const startMilliseconds = 20_000

/** The server's program, `$REDIS_SERVER_PATH` or the one on the PATH; null if none is installed. */
export const findRedisServer = (): string | null => {
  const program = process.env['REDIS_SERVER_PATH'] ?? 'redis-server'
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return program
  } catch {
    return null
  }
}

/** A server that writes to disk before it acknowledges. */
export class RedisServer {
  #child: ChildProcess | null = null
  #databases = 0

  private constructor(
    private readonly program: string,
    private readonly port: number,
    private readonly directory: string,
    private readonly changed: Readonly<Record<string, string>>,
    private readonly certificate: Certificate | null,
  ) {}

  /**
   * Starts a server with a folder of its own; `changed` are options of redis.conf. With a certificate it speaks only
   * TLS.
   */
  static async start(
    program: string,
    changed: Readonly<Record<string, string>> = {},
    certificate: Certificate | null = null,
  ): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'idem-redis-'))
    const server = new RedisServer(program, await freePort(), directory, changed, certificate)
    await server.run()
    return server
  }

  /** `127.0.0.1:` and its port. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** For `REDIS_URL`: a database that no other test uses; `login` is `user:password@`. */
  takeUrl(login = ''): string {
    this.#databases += 1
    const scheme = this.certificate === null ? 'redis' : 'rediss'
    return `${scheme}://${login}${this.address}/${this.#databases % mostDatabases}`
  }

  /** Does something as the user who may do everything, in the database of the URL. */
  async ask<T>(question: (client: Redis) => Promise<T>, url = 'redis://any/0'): Promise<T> {
    return await this.#ask(question, Number(new URL(url).pathname.slice(1)))
  }

  /** Starts it again on the same port, with its data on disk. */
  async run(): Promise<void> {
    const options = {
      ...this.#listening(),
      bind: '127.0.0.1',
      dir: this.directory,
      databases: String(mostDatabases),
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      ...this.changed,
    }
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    this.#child = spawn(this.program, flags, { stdio: 'ignore' })
    const deadline = performance.now() + startMilliseconds
    while ((await this.#ask((client) => client.ping()).catch(() => null)) !== 'PONG') {
      if (performance.now() > deadline) throw new Error('redis-server does not answer')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Kills the server with SIGKILL; its folder is kept. */
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

  /** Empties one database, which is what a restart of a server without persistence does. */
  async flush(url: string): Promise<void> {
    await this.ask((client) => client.flushdb(), url)
  }

  /** Stops it and removes its folder. */
  async stop(): Promise<void> {
    await this.end('SIGKILL')
    await rm(this.directory, { recursive: true, force: true })
  }

  #listening(): Record<string, string> {
    if (this.certificate === null) return { port: String(this.port) }
    const { file, keyFile } = this.certificate
    return {
      port: '0',
      'tls-port': String(this.port),
      'tls-cert-file': file,
      'tls-key-file': keyFile,
      'tls-ca-cert-file': file,
      'tls-auth-clients': 'no',
    }
  }

  async #ask<T>(question: (client: Redis) => Promise<T>, db = 0): Promise<T> {
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      db,
      // It is the test's own server, whatever its certificate.
      ...(this.certificate === null ? {} : { tls: { rejectUnauthorized: false } }),
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
