// Starts the real service for a test, on a database of its own, with a clock that the test moves.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { inject } from 'vitest'
import { isLoopback } from '../../src/config/loopback.js'
import { readEnvironment } from '../../src/config/read-environment.js'
import { type Foundation, openFoundation, type ServiceOptions } from '../../src/foundation.js'
import type { MethodDefinition } from '../../src/methods/method.js'
import { methodDefinitions } from '../../src/methods/registry.js'
import { createLogger } from '../../src/runtime/logger.js'
import { systemRandom } from '../../src/runtime/random.js'
import { RequestScope } from '../../src/runtime/request-scope.js'
import type { Traces } from '../../src/runtime/traces.js'
import { type Service, startService } from '../../src/service.js'
import { settingsSections } from '../../src/settings.js'
import { Secret } from '../../src/tokens/secret.js'
import { databaseUrl, onServer, templateName } from './postgres.js'

/** A clock that only the test moves, so that what has expired does not depend on the machine's speed. */
export class MovableClock {
  #milliseconds = Date.now()

  now(): Date {
    return new Date(this.#milliseconds)
  }

  /** Moves the clock on by so many seconds. */
  advance(seconds: number): void {
    this.#milliseconds += seconds * 1000
  }
}

/** A GraphQL answer with its HTTP status and headers. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: each test queries other fields
  readonly data: any
  readonly errors: readonly { message: string; path?: string[]; extensions: Record<string, unknown> }[]
}

/** What a test may set. */
export interface TestServiceOptions {
  /** Environment variables beside the defaults. */
  readonly environment?: Readonly<Record<string, string>>
  /** The database of another test service. */
  readonly databaseUrl?: string
  readonly clock?: MovableClock
  readonly secrets?: readonly string[]
  /** Other methods than those of the registry. */
  readonly methodDefinitions?: readonly MethodDefinition[]
  /** Where spans go; without them traces are off. */
  readonly traces?: Traces
  /** What the service does when the database cannot be reached. */
  readonly recoverDatabase?: () => Promise<void>
}

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> =>
  await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

/** A new database: copied from the migrated template, or without a table. */
export const createDatabase = async (options: { readonly empty?: true } = {}): Promise<string> => {
  const server = inject('postgresUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `create database ${name} template ${options.empty ? 'template0' : templateName}`)
  return databaseUrl(server, name)
}

/** A service in this process. */
interface RunningService {
  readonly service: Service
  readonly foundation: Foundation
  readonly options: ServiceOptions
}

/** A running service and how to talk to it. */
export class TestService {
  constructor(
    readonly url: string,
    readonly databaseUrl: string,
    readonly clock: MovableClock,
    /** The service in this process; null for one in another process. */
    private readonly running: RunningService | null,
    /** Every line that the service logged. */
    readonly logLines: readonly string[],
  ) {}

  /** Sends a GraphQL request over HTTP. */
  async ask(
    query: string,
    variables: object = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    })
    const body = (await response.json()) as { data?: unknown; errors?: Answer['errors'] }
    return {
      status: response.status,
      headers: response.headers,
      data: body.data ?? null,
      errors: body.errors ?? [],
    }
  }

  /** The same with an access token. */
  async askAs(accessToken: string, query: string, variables: object = {}): Promise<Answer> {
    return await this.ask(query, variables, { authorization: `Bearer ${accessToken}` })
  }

  /** Sends a body as it is, and parses the answer. */
  async post(
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer & { readonly text: string }> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    const text = await response.text()
    const parsed = JSON.parse(text) as { data?: unknown; errors?: Answer['errors'] }
    return {
      status: response.status,
      headers: response.headers,
      data: parsed.data ?? null,
      errors: parsed.errors ?? [],
      text,
    }
  }

  /** Log lines about bugs. There must be none, whatever a test sends. */
  get bugs(): readonly string[] {
    return this.logLines.filter((line) => line.includes('a bug answered a request'))
  }

  /** The service's database, keys and counters, for direct access. */
  get foundation(): Foundation {
    if (this.running === null) throw new Error('this service runs in another process')
    return this.running.foundation
  }

  /** Its options, for starting a worker beside it. */
  get options(): ServiceOptions {
    if (this.running === null) throw new Error('this service runs in another process')
    return this.running.options
  }

  async stop(): Promise<void> {
    await this.running?.service.stop()
    await this.running?.foundation.close()
    if (this.bugs.length > 0) throw new Error(`it answered with a bug:\n${this.bugs.join('')}`)
  }
}

/** Where others come, a mail server must be set. Most tests send no mails, so this one is not there. */
export const mailServerFor = (environment: Readonly<Record<string, string>>): Record<string, string> => {
  const publicUrl = environment['IDEM_PUBLIC_URL'] ?? 'http://localhost'
  const isHere = URL.canParse(publicUrl) && isLoopback(new URL(publicUrl).hostname)
  return isHere && !('IDEM_TRUSTED_PROXIES' in environment) ? {} : { SMTP_URL: 'smtp://127.0.0.1:9' }
}

/** The least that Argon2id takes, so that tests cost no time. */
export const cheapPasswords = { IDEM_PASSWORD_MEMORY_KIB: '8', IDEM_PASSWORD_PASSES: '1' } as const

/** Starts a service on a free port. */
export const startTestService = async (options: TestServiceOptions = {}): Promise<TestService> => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const { environment = {} } = options
  const settings = readEnvironment(settingsSections, {
    IDEM_PORT: String(port),
    ...cheapPasswords,
    ...mailServerFor(environment),
    ...environment,
  })
  const clock = options.clock ?? new MovableClock()
  const database = options.databaseUrl ?? (await createDatabase())
  const logLines: string[] = []
  const requestScope = new RequestScope()
  const serviceOptions = {
    settings,
    databaseUrl: database,
    directUrl: settings.database.listenUrl ?? database,
    secrets: (options.secrets ?? ['a secret for tests, and for tests only']).map(
      (secret) => new Secret(secret),
    ),
    publicUrl: settings.http.publicUrl ?? url,
    methodDefinitions: options.methodDefinitions ?? methodDefinitions,
    instanceId: randomUUID(),
    clock,
    random: systemRandom,
    logger: createLogger({
      level: settings.runtime.logLevel,
      requestScope,
      destination: { write: (line: string) => void logLines.push(line) },
    }),
    requestScope,
    traces: options.traces ?? null,
    recoverDatabase: options.recoverDatabase ?? (async () => undefined),
  }
  const foundation = await openFoundation(serviceOptions)
  try {
    const service = await startService(serviceOptions, foundation)
    await service.app.listen({ port, host: '127.0.0.1' })
    return new TestService(url, database, clock, { service, foundation, options: serviceOptions }, logLines)
  } catch (error) {
    await foundation.close()
    throw error
  }
}

/** A logger without output. */
export const silentLogger = pino({ level: 'silent' })
