// The stage of a run: all processes that its scenarios need, each on its core.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { databaseName } from '../src/database/embedded-address.js'
import { allOf, type CorePlan, pin, planCores } from './cores.js'
import { type IdemWithPostgres, startIdemBeside, startIdemWithPostgres } from './idem-server.js'
import { MailSink } from './mail/mail-sink.js'
import type { Options } from './options.js'
import { startRedis } from './redis-server.js'
import { type Scenario, type ScenarioName, type ServerName, scenarios } from './scenario.js'
import { profileFlags, type Server, serverFlags, startBare } from './server.js'
import { nextMessage, pidOf, type Started } from './started.js'
import { benchSecret } from './webhooks/endpoints.js'
import { WebhookSink } from './webhooks/webhook-sink.js'

/** A server with its database; the bare one has none. */
export interface StagedServer extends Server {
  readonly databaseUrl: string | null
}

/** The place of the queue for a batch of jobs; each side has its own. */
export interface JobsPlace {
  readonly redisUrl: string | null
  readonly databaseUrl: string
}

/** All running processes. */
export interface Stage {
  readonly servers: ReadonlyMap<ServerName, StagedServer>
  readonly postgresPid: number | null
  readonly sink: MailSink
  readonly client: ChildProcess
  /** Sends mails with nodemailer alone. This and the following are null if no scenario needs them. */
  readonly sender: ChildProcess | null
  readonly runner: ChildProcess | null
  /** Computes Argon2id alone. */
  readonly hasher: ChildProcess | null
  readonly webhookSink: WebhookSink | null
  readonly placeOf: (by: 'bullmq' | 'outbox', backend: 'postgres' | 'redis') => JobsPlace
  readonly cores: CorePlan | null
}

/** The options of a stage. */
export interface StagePlan {
  readonly options: Options
  readonly only: readonly ScenarioName[]
  /** The Redis program; null if no scenario needs it. */
  readonly redis: string | null
}

/** The numbers of the Redis databases, one for each queue. */
const redisDatabases = { bothOnRedis: 0, outbox: 1, bullmq: 2 } as const

/**
 * The benchmark first moves itself away from the server's core, and its children inherit that. PostgreSQL, a
 * grandchild, therefore stays off that core when its server is moved there at the end.
 */
export const setStage = async (plan: StagePlan, started: Started): Promise<Stage> => {
  const cores = await planCores()
  if (cores !== null) await pin(process.pid, cores.others)
  const sink = await MailSink.start(started)
  const redisUrlOf = plan.redis === null ? null : await startRedis(plan.redis, started)
  const idem = await startIdemWithPostgres(
    { ...plan.options, name: 'idem', role: 'api', environment: {} },
    started,
  )
  const servers = await startServers({ ...plan, idem, sink, redisUrlOf }, started)
  const client = started.fork(programOf('load/client'), { execArgv: [] })
  const courses = plan.only.map((name) => scenarios[name].course)
  const sender = courses.some((course) => course.kind === 'mails' && course.by === 'nodemailer')
    ? await startHelper('mail/sender', { plan, args: [String(sink.smtpPort)] }, started)
    : null
  const runner = courses.some(({ kind }) => kind === 'jobs')
    ? await startHelper('jobs/runner', { plan, args: [] }, started)
    : null
  const hasher = courses.some((course) => course.kind === 'hashes' || (course.kind === 'me' && course.hashes))
    ? await startHelper('hashes/hasher', { plan, args: [] }, started)
    : null
  const webhookSink = courses.some(({ kind }) => kind === 'webhooks')
    ? await WebhookSink.start(started)
    : null
  if (runner !== null) await createDatabases(idem, ['outbox', 'bullmq'])
  if (cores !== null) {
    const helpers = [sender, runner].filter((child) => child !== null).map(pidOf)
    // On a single core the kernel would decide how long a request waits for the thread that hashes.
    for (const [name, { pid }] of servers)
      await pin(pid, name === 'passwords' ? allOf(cores) : [cores.server])
    for (const pid of helpers) await pin(pid, [cores.server])
    if (hasher !== null) await pin(pidOf(hasher), allOf(cores))
    await pin(pidOf(client), [cores.client])
  }
  const placeOf: Stage['placeOf'] = (by, backend) => ({
    databaseUrl: idem.urlOf(by),
    redisUrl: backend === 'postgres' ? null : (redisUrlOf?.(redisDatabases[by]) ?? null),
  })
  const processes = { sink, client, sender, runner, hasher, webhookSink }
  return { ...processes, servers, postgresPid: idem.postgresPid, placeOf, cores }
}

const programOf = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))

/** Starts a process with the same Node flags as a server, and waits until it reports that it is ready. */
const startHelper = async (
  name: string,
  { plan, args }: { readonly plan: StagePlan; readonly args: readonly string[] },
  started: Started,
): Promise<ChildProcess> => {
  const profile = profileFlags(plan.options.profile, name.replace('/', '-'))
  const child = started.fork(programOf(name), { execArgv: [...serverFlags, ...profile] }, args)
  await nextMessage(child)
  return child
}

const createDatabases = async (idem: IdemWithPostgres, names: readonly string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: idem.urlOf(databaseName) })
  await client.connect()
  try {
    for (const name of names) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

interface ServersPlan extends StagePlan {
  readonly idem: IdemWithPostgres
  readonly sink: MailSink
  readonly redisUrlOf: ((database: number) => string) | null
}

const serverOf = ({ course }: Scenario): ServerName | null => {
  if (course.kind === 'jobs' || course.kind === 'hashes') return null
  if (course.kind !== 'mails') return course.server
  return course.by === 'nodemailer' ? null : course.by
}

/** Starts the servers that the scenarios need; the Idem with the database runs anyway. */
const startServers = async (plan: ServersPlan, started: Started): Promise<Map<ServerName, StagedServer>> => {
  const { idem, redisUrlOf, sink, options } = plan
  const needed = new Set(plan.only.map((name) => serverOf(scenarios[name])))
  const servers = new Map<ServerName, StagedServer>([
    ['idem', { ...idem, databaseUrl: idem.urlOf(databaseName) }],
  ])
  if (needed.has('bare')) servers.set('bare', { ...(await startBare(started)), databaseUrl: null })
  if (needed.has('passwords')) {
    await createDatabases(idem, ['passwords'])
    const databaseUrl = idem.urlOf('passwords')
    const environment = { DATABASE_URL: databaseUrl }
    const server = await startIdemBeside({ ...options, name: 'passwords', role: 'api', environment }, started)
    servers.set('passwords', { ...server, databaseUrl })
  }
  for (const name of ['both', 'bothOnRedis'] as const) {
    if (!needed.has(name)) continue
    await createDatabases(idem, [name])
    const databaseUrl = idem.urlOf(name)
    const redisUrl = name === 'both' ? null : (redisUrlOf?.(redisDatabases[name]) ?? null)
    const environment = {
      DATABASE_URL: databaseUrl,
      SMTP_URL: sink.url,
      IDEM_SECRET: benchSecret,
      ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
    }
    const server = await startIdemBeside({ ...options, name, role: 'both', environment }, started)
    servers.set(name, { ...server, databaseUrl })
  }
  return servers
}
