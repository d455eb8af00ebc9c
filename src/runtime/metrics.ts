// The metrics of the process, for Prometheus.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The counters of one process; `registry` prints them for `/metrics`. */
export interface Metrics {
  readonly registry: Registry
  readonly requestSeconds: Histogram<'route' | 'status'>
  readonly refusals: Counter<'code'>
  readonly refusedOrigins: Counter
  readonly signIns: Counter<'method'>
  readonly sessionsEnded: Counter<'cause'>
  readonly passwordHashes: Counter
  readonly jobs: Counter<'job' | 'result'>
  readonly jobSeconds: Histogram<'job'>
  readonly queuedJobs: Gauge<'state'>
  readonly mails: Counter<'result'>
  readonly webhooks: Counter<'result'>
  readonly purgedRows: Counter<'what'>
  readonly databaseUp: Gauge
  readonly databaseStatements: Counter
}

/** Makes new counters for each service, so that two services in one process (in a test) do not share them. */
export const createMetrics = (): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'idem_http_request_seconds',
      help: 'Duration of HTTP requests in seconds.',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    }),
    refusals: new Counter({
      name: 'idem_refusals_total',
      help: 'Refused calls, by error code.',
      labelNames: ['code'],
      registers,
    }),
    refusedOrigins: new Counter({
      name: 'idem_refused_origins_total',
      help: 'Requests of pages whose origin IDEM_ALLOWED_ORIGINS does not list.',
      registers,
    }),
    signIns: new Counter({
      name: 'idem_sign_ins_total',
      help: 'Sessions started, by method.',
      labelNames: ['method'],
      registers,
    }),
    sessionsEnded: new Counter({
      name: 'idem_sessions_ended_total',
      help: 'Sessions ended, by cause.',
      labelNames: ['cause'],
      registers,
    }),
    passwordHashes: new Counter({
      name: 'idem_password_hashes_total',
      help: 'Computations of Argon2id, to check passwords and to set them.',
      registers,
    }),
    jobs: new Counter({
      name: 'idem_jobs_total',
      help: 'Runs of jobs, by job and result: done, failed (to be tried again), postponed, given_up.',
      labelNames: ['job', 'result'],
      registers,
    }),
    jobSeconds: new Histogram({
      name: 'idem_job_seconds',
      help: 'Duration of runs of jobs in seconds.',
      labelNames: ['job'],
      buckets: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
      registers,
    }),
    queuedJobs: new Gauge({
      name: 'idem_queued_jobs',
      help: 'Jobs of the whole cluster by state, as of the last look: outbox, waiting, active, delayed, failed.',
      labelNames: ['state'],
      registers,
    }),
    webhooks: new Counter({
      name: 'idem_webhooks_total',
      help: 'Tries of webhook deliveries, by result.',
      labelNames: ['result'],
      registers,
    }),
    mails: new Counter({
      name: 'idem_mails_total',
      help: 'Mails by what became of them: sent, deferred, refused, withheld.',
      labelNames: ['result'],
      registers,
    }),
    purgedRows: new Counter({
      name: 'idem_purged_rows_total',
      help: 'Rows that were purged, by what they were.',
      labelNames: ['what'],
      registers,
    }),
    databaseUp: new Gauge({
      name: 'idem_database_up',
      help: '1 while the database answers, else 0.',
      registers,
    }),
    databaseStatements: new Counter({
      name: 'idem_database_statements_total',
      help: 'SQL statements sent, those of transactions included.',
      registers,
    }),
  }
}
