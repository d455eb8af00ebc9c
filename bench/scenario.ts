// What is measured: the list of scenarios, and what each is to reach.

/** The scenarios, in the order in which every round runs them. */
export const scenarioNames = [
  'bare',
  'baseline',
  'me',
  'anonymous',
  'login',
  'refresh',
  'email',
  'latency',
  'nodemailer',
  'mails-postgres',
  'mails-redis',
  'bullmq-postgres',
  'jobs-postgres',
  'bullmq-redis',
  'jobs-redis',
  'timing',
  'timing-both',
] as const

/** The name of a scenario. */
export type ScenarioName = (typeof scenarioNames)[number]

/** Who answers requests: Idem as `api` alone, and in both roles with its queue on PostgreSQL or on Redis. */
export type ServerName = 'bare' | 'idem' | 'both' | 'bothOnRedis'

/** What carries a queue. */
export type QueueBackend = 'postgres' | 'redis'

/** What a scenario is to reach (issue 2, item 9; issue 3, "Shown by"). */
export type Goal = RatioGoal | LatencyGoal

/** A share of what another scenario reaches in the same round. */
export interface RatioGoal {
  readonly kind: 'ratio'
  /** The scenario that its rate is divided by. */
  readonly comparedWith: ScenarioName
  readonly leastRatio: number
  /** SQL statements that one operation may send at most; null: any number. */
  readonly mostStatements: number | null
}

/** A time within which nearly all are served. */
export interface LatencyGoal {
  readonly kind: 'latency'
  readonly mostP95Milliseconds: number
}

/** How a scenario is run. */
export type Course =
  /** Clients ask a server for as long as the round says. */
  | { readonly kind: 'load'; readonly server: ServerName }
  /** One client asks an idle server for mails, with pauses. */
  | { readonly kind: 'latency'; readonly server: ServerName }
  /** A batch of mails goes to the sink: by nodemailer alone, or by a server that finds them in its outbox. */
  | { readonly kind: 'mails'; readonly by: 'nodemailer' | 'both' | 'bothOnRedis' }
  /** A batch of jobs that do nothing: given to BullMQ, or appended to the outbox. */
  | { readonly kind: 'jobs'; readonly by: 'bullmq' | 'outbox'; readonly backend: QueueBackend }
  /** Once, after the rounds: known and unknown addresses in random order. */
  | { readonly kind: 'timing'; readonly server: ServerName }

/** One thing that clients or workers do. */
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

/** All scenarios. One operation is one request, one mail or one job, but for `login` and `email`, which are two requests. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  bare: { title: '{ __typename }, bare Apollo on Fastify', course: load('bare'), goal: null },
  baseline: { title: '{ __typename }, Idem', course: load('idem'), goal: atLeast(0.75, 'bare') },
  me: { title: '{ me } by access token', course: load('idem'), goal: atLeast(0.75, 'baseline', 0) },
  anonymous: { title: 'sign-in of a new guest', course: load('idem'), goal: atLeast(0.15) },
  login: { title: 'key login: challenge, then sign-in', course: load('idem'), goal: atLeast(0.08) },
  refresh: { title: 'refresh of a session', course: load('idem'), goal: atLeast(0.18) },
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

/** True where a scenario cannot run without a Redis of our own. */
export const needsRedis = ({ course }: Scenario): boolean =>
  (course.kind === 'jobs' && course.backend === 'redis') ||
  (course.kind === 'mails' && course.by === 'bothOnRedis')

/** Peak resident memory of the server, in bytes (issue 2, item 9: 200 MB). */
export const mostMemoryBytes = 200_000_000
