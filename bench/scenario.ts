// The scenarios and their goals.

/** The scenarios, in the order in which every round runs them. */
export const scenarioNames = [
  'bare',
  'baseline',
  'me',
  'anonymous',
  'login',
  'wallet',
  'passkey',
  'refresh',
  'argon2',
  'password',
  'me-idle',
  'me-hashes',
  'me-beside',
  'email',
  'latency',
  'nodemailer',
  'mails-postgres',
  'mails-redis',
  'bullmq-postgres',
  'jobs-postgres',
  'bullmq-redis',
  'jobs-redis',
  'webhooks',
  'webhooks-hanging',
  'merge-10',
  'merge-10000',
  'merge-100000',
  'undo-10',
  'undo-10000',
  'undo-100000',
  'timing',
  'timing-both',
] as const

/** The name of a scenario. */
export type ScenarioName = (typeof scenarioNames)[number]

/**
 * The servers: Idem as `api` alone, another one that checks passwords, whose memory is another, and in both roles with
 * its queue on PostgreSQL or on Redis.
 */
export type ServerName = 'bare' | 'idem' | 'passwords' | 'both' | 'bothOnRedis'

/** The backend of a queue. */
export type QueueBackend = 'postgres' | 'redis'

/** The goal of a scenario. */
export type Goal = RatioGoal | LatencyGoal | SlowdownGoal

/** A share of another scenario's rate in the same round. */
export interface RatioGoal {
  readonly kind: 'ratio'
  /** The scenario by whose rate it is divided. */
  readonly comparedWith: ScenarioName
  readonly leastRatio: number
  /** SQL statements that one operation may send at most; null: any number. */
  readonly mostStatements: number | null
}

/** A time limit for nearly all operations. */
export interface LatencyGoal {
  readonly kind: 'latency'
  readonly mostP95Milliseconds: number
}

/** A limit for the 95th percentile, as a multiple of another scenario's in the same round. */
export interface SlowdownGoal {
  readonly kind: 'slowdown'
  readonly comparedWith: ScenarioName
  readonly mostRatio: number
}

/** How a scenario is run. */
export type Course =
  /** Clients send requests for the length of the round. */
  | { readonly kind: 'load'; readonly server: ServerName }
  /** One client requests mails from an idle server, with pauses. */
  | { readonly kind: 'latency'; readonly server: ServerName }
  /** Argon2id alone, in a process of its own, on all cores. */
  | { readonly kind: 'hashes' }
  /** One client asks for `{ me }` with pauses, while as many others log in by password, or another process hashes. */
  | { readonly kind: 'me'; readonly server: ServerName; readonly logins: number; readonly hashes: boolean }
  /** A batch of mails is sent to the sink, by nodemailer alone or by a server that has them in its outbox. */
  | { readonly kind: 'mails'; readonly by: 'nodemailer' | 'both' | 'bothOnRedis' }
  /** A batch of empty jobs is added to BullMQ or inserted into the outbox. */
  | { readonly kind: 'jobs'; readonly by: 'bullmq' | 'outbox'; readonly backend: QueueBackend }
  /** A batch of events is delivered to 100 endpoints of the sink, of which so many never answer. */
  | { readonly kind: 'webhooks'; readonly server: ServerName; readonly hanging: number }
  /** Two accounts of so many rows together are merged, or that is undone. */
  | {
      readonly kind: 'merges'
      readonly server: ServerName
      readonly act: 'merge' | 'undo'
      readonly rows: number
    }
  /** Once, after the rounds: known and unknown addresses in random order. */
  | { readonly kind: 'timing'; readonly server: ServerName }

/** A scenario. */
export interface Scenario {
  readonly title: string
  readonly course: Course
  readonly goal: Goal | null
}

const atLeast = (
  leastRatio: number,
  comparedWith: ScenarioName = 'baseline',
  mostStatements: number | null = null,
): RatioGoal => ({ kind: 'ratio', comparedWith, leastRatio, mostStatements })

const load = (server: ServerName): Course => ({ kind: 'load', server })
const mails = (by: 'nodemailer' | 'both' | 'bothOnRedis'): Course => ({ kind: 'mails', by })
const jobs = (by: 'bullmq' | 'outbox', backend: QueueBackend): Course => ({ kind: 'jobs', by, backend })

const merges = (
  act: 'merge' | 'undo',
  rows: number,
  mostP95Milliseconds: number | null = null,
): Scenario => ({
  title: `${act} of two accounts with ${rows} rows`,
  course: { kind: 'merges', server: 'idem', act, rows },
  goal: mostP95Milliseconds === null ? null : { kind: 'latency', mostP95Milliseconds },
})

/** The webhook endpoints of a batch. */
export const webhookEndpoints = 100

/** All scenarios. An operation is one request, mail, job or delivery; for logins by a challenge it is two requests. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  bare: { title: '{ __typename }, bare Apollo on Fastify', course: load('bare'), goal: null },
  baseline: { title: '{ __typename }, Idem', course: load('idem'), goal: atLeast(0.8, 'bare') },
  me: { title: '{ me } by access token', course: load('idem'), goal: atLeast(0.85, 'baseline', 0) },
  anonymous: { title: 'sign-in of a new guest', course: load('idem'), goal: atLeast(0.15) },
  login: { title: 'key login: challenge, then sign-in', course: load('idem'), goal: atLeast(0.1) },
  wallet: { title: 'wallet login: challenge, then sign-in', course: load('idem'), goal: atLeast(0.07) },
  passkey: { title: 'passkey login: challenge, then sign-in', course: load('idem'), goal: null },
  refresh: { title: 'refresh of a session', course: load('idem'), goal: atLeast(0.18) },
  argon2: {
    title: 'Argon2id alone, as many at once as the server',
    course: { kind: 'hashes' },
    goal: null,
  },
  password: {
    title: 'password login, up to the challenge of its second step',
    course: load('passwords'),
    goal: atLeast(0.8, 'argon2'),
  },
  'me-idle': {
    title: '{ me } of one client, idle',
    course: { kind: 'me', server: 'passwords', logins: 0, hashes: false },
    goal: null,
  },
  // What the machine makes of `{ me }` beside the same computation without any login: what is left is the logins' part.
  'me-hashes': {
    title: '{ me } of one client, while another process hashes passwords',
    course: { kind: 'me', server: 'passwords', logins: 0, hashes: true },
    goal: null,
  },
  'me-beside': {
    title: '{ me } of one client, while 50 log in by password',
    course: { kind: 'me', server: 'passwords', logins: 50, hashes: false },
    goal: { kind: 'slowdown', comparedWith: 'me-idle', mostRatio: 2 },
  },
  email: {
    title: 'email login of a new address: challenge, mail arrives, sign-in by its code',
    course: load('both'),
    goal: null,
  },
  latency: {
    title: 'request to SMTP hand-over, idle',
    course: { kind: 'latency', server: 'both' },
    goal: { kind: 'latency', mostP95Milliseconds: 100 },
  },
  nodemailer: { title: 'mails by nodemailer alone', course: mails('nodemailer'), goal: null },
  'mails-postgres': {
    title: 'mails through outbox and worker, PostgreSQL',
    course: mails('both'),
    goal: atLeast(0.5, 'nodemailer'),
  },
  'mails-redis': {
    title: 'mails through outbox and worker, Redis',
    course: mails('bothOnRedis'),
    goal: atLeast(0.5, 'nodemailer'),
  },
  'bullmq-postgres': {
    title: 'jobs by BullMQ alone, PostgreSQL',
    course: jobs('bullmq', 'postgres'),
    goal: null,
  },
  'jobs-postgres': {
    title: 'jobs from outbox to processor, PostgreSQL',
    course: jobs('outbox', 'postgres'),
    goal: atLeast(0.5, 'bullmq-postgres'),
  },
  'bullmq-redis': { title: 'jobs by BullMQ alone, Redis', course: jobs('bullmq', 'redis'), goal: null },
  'jobs-redis': {
    title: 'jobs from outbox to processor, Redis',
    course: jobs('outbox', 'redis'),
    goal: atLeast(0.5, 'bullmq-redis'),
  },
  webhooks: {
    title: `deliveries to ${webhookEndpoints} webhook endpoints`,
    course: { kind: 'webhooks', server: 'both', hanging: 0 },
    goal: null,
  },
  'webhooks-hanging': {
    title: `the same, while one of ${webhookEndpoints} hangs`,
    course: { kind: 'webhooks', server: 'both', hanging: 1 },
    goal: atLeast(0.5, 'webhooks'),
  },
  'merge-10': merges('merge', 10),
  'merge-10000': merges('merge', 10_000),
  'merge-100000': merges('merge', 100_000, 2_000),
  'undo-10': merges('undo', 10),
  'undo-10000': merges('undo', 10_000),
  'undo-100000': merges('undo', 100_000, 2_000),
  timing: {
    title: 'known and unknown addresses, api',
    course: { kind: 'timing', server: 'idem' },
    goal: null,
  },
  'timing-both': {
    title: 'known and unknown addresses, api and worker in one process',
    course: { kind: 'timing', server: 'both' },
    goal: null,
  },
}

/** True if a scenario needs the benchmark's Redis. */
export const needsRedis = ({ course }: Scenario): boolean =>
  (course.kind === 'jobs' && course.backend === 'redis') ||
  (course.kind === 'mails' && course.by === 'bothOnRedis')

/** Goal for the server's peak resident memory, in bytes. */
export const mostMemoryBytes = 180_000_000
