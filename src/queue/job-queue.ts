// The queue: each job is run by one worker, and again after each failure until it is done or its tries are used up.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job as BullJob, DelayedError, type JobsOptions } from 'bullmq'
import type { ValuesOf } from '../config/setting.js'
import type { SameServer } from '../database/same-server.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Random } from '../runtime/random.js'
import { type BullQueue, type BullWorker, openBullQueue, openBullWorker } from './backend.js'
import type { Job, JobName, QueuedJob } from './job.js'
import { JobPostponed, type RunningJob } from './running-job.js'
import type { queueSettings } from './settings.js'

/**
 * A worker that does not renew its lock for this long counts as dead, in milliseconds. With the next value: noticed
 * within 10 s.
 */
const lockMilliseconds = 5_000
/** Time between two checks for jobs of dead workers, in milliseconds. */
const stalledCheckMilliseconds = 3_000
/** Wait of a worker before it uses a backend that failed again, in milliseconds. */
const reconnectMilliseconds = 500
/** A job whose worker died this often is most likely the cause, and fails. */
const mostStalls = 10
/**
 * How long a done job is kept, so that a repeated relay of it is recognised. Age, because on PostgreSQL a limit of
 * their number would be counted at each job.
 */
export const remembered = { age: 600 } // BullMQ's name for seconds
/**
 * Without an answer for this long the queue counts as unavailable, in milliseconds. Readiness probes allow two seconds.
 */
const answerMilliseconds = 1_500
/** A schedule counts as stopped if its next run is overdue by this long, in milliseconds. */
const overdueMilliseconds = 120_000
/** Least time between two log lines about errors of the backend, in milliseconds. */
const troubleMilliseconds = 10_000

/** The state of a job in the queue: to be done, done, or not in the queue. */
export type QueueState = 'open' | 'done' | 'unknown'

/** Runs jobs, and is called when one has failed for good. */
export interface JobHandler {
  /** Runs a job. If it throws, the queue tries again later. */
  process(job: RunningJob): Promise<void>
  /** Called when the last try of a job has failed. */
  gaveUp(job: { readonly id: string; readonly name: JobName }, error: Error): void
}

/** What `JobQueue` needs. */
export interface JobQueueOptions {
  readonly settings: ValuesOf<typeof queueSettings>
  readonly databaseUrl: string
  /** The server of all connections of the process. */
  readonly sameServer: SameServer
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * The result of `asked`, or an error after a time limit, because BullMQ waits for Redis without one. A late effect is
 * harmless.
 */
const soon = async <T>(asked: Promise<T>): Promise<T> => {
  // Avoids an unhandled rejection when it fails after the time limit.
  asked.catch(() => undefined)
  const late = sleep(answerMilliseconds, null, { ref: false }).then(() => {
    throw new Error('the backend of the queue does not answer')
  })
  return await Promise.race([asked, late])
}

/** Adds, schedules and runs jobs. Only workers open it; other code appends jobs to the outbox. */
export class JobQueue {
  readonly #queue: BullQueue
  #worker: BullWorker | null = null
  readonly #underWay = new Set<Promise<void>>()
  #closed: Promise<void> | null = null
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: JobQueueOptions) {
    this.#queue = openBullQueue(this.#backend, { defaultJobOptions: this.#jobOptions })
    this.#queue.on('error', (error) => this.#tell(error))
  }

  /**
   * With PostgreSQL as the backend, waits for the connections. Throws if they cannot be made; then this queue must be
   * discarded, because BullMQ does not repeat its first queries on PostgreSQL. Redis may become available later.
   */
  async ready(): Promise<void> {
    if (this.options.settings.redisUrl !== null) return
    await Promise.all([this.#queue.waitUntilReady(), this.#worker?.waitUntilReady()])
  }

  /** Adds jobs. A job whose id is in the queue already is left as it is. */
  async add(jobs: readonly QueuedJob[]): Promise<void> {
    await soon(
      this.#queue.addBulk(
        jobs.map(({ id, name, payload }) => ({ name, data: payload, opts: { jobId: id } })),
      ),
    )
  }

  /** The state of a job. */
  async stateOf(id: string): Promise<QueueState> {
    const state = await soon(this.#queue.getJobState(id))
    if (state === 'completed') return 'done'
    return state === 'unknown' || state === 'failed' ? 'unknown' : 'open'
  }

  /**
   * Runs a job at the times of a cron pattern in UTC, each time by one of all workers. Keeps a schedule that works;
   * makes a new one if it was lost, has another pattern, or has stopped.
   */
  async schedule({ name, payload }: Job, pattern: string): Promise<void> {
    const known = await soon(this.#queue.getJobScheduler(name))
    const next = known?.next ?? 0
    const isComing = next > this.options.clock.now().getTime() - overdueMilliseconds
    // A late run is kept; a new schedule would skip it.
    if (known?.pattern === pattern && (isComing || (await this.stateOf(`repeat:${name}:${next}`)) === 'open'))
      return
    await this.#queue.upsertJobScheduler(name, { pattern, tz: 'UTC' }, { name, data: payload })
  }

  /** Starts to run jobs. */
  work(handler: JobHandler): void {
    const worker = openBullWorker(this.#backend, (job, token) => this.#process(job, { token, handler }), {
      concurrency: this.options.settings.concurrency,
      lockDuration: lockMilliseconds,
      stalledInterval: stalledCheckMilliseconds,
      maxStalledCount: mostStalls,
      runRetryDelay: reconnectMilliseconds,
      settings: { backoffStrategy: (attempt) => this.#waitAfter(attempt) },
    })
    worker.on('error', (error) => this.#tell(error))
    worker.on('failed', (job, error) => {
      if (job?.finishedOn !== undefined) handler.gaveUp({ id: job.id ?? '', name: job.name }, error)
    })
    worker.on('stalled', (id) =>
      this.options.logger.warn({ jobId: id }, 'the worker of a job died: it is done anew'),
    )
    this.#worker = worker
  }

  /** The numbers of jobs that wait, run, and wait for their next try. */
  async depth(): Promise<{ readonly waiting: number; readonly active: number; readonly delayed: number }> {
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
    } = await this.#queue.getJobCounts('waiting', 'active', 'delayed')
    return { waiting, active, delayed }
  }

  /** True if the backend answers within the time limit, and the worker, if there is one, has its connections. */
  async answers(): Promise<boolean> {
    const asked = Promise.all([this.#queue.getActiveCount(), this.#worker?.waitUntilReady()])
    return await soon(asked).then(
      () => true,
      () => false,
    )
  }

  /**
   * Takes no more jobs, waits for running ones, and closes. If the backend does not answer, the connections are cut,
   * because BullMQ would wait for it; the outbox then records which jobs were done.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close(): Promise<void> {
    if (await this.answers()) {
      await this.#worker?.close()
      await this.#queue.close()
      return
    }
    await Promise.allSettled(this.#underWay)
    const closed = Promise.all([this.#worker?.close(true), this.#queue.disconnect()])
    await soon(closed).catch((error: unknown) =>
      this.options.logger.debug({ err: error }, 'not closed in time'),
    )
  }

  get #backend() {
    const { settings, databaseUrl, sameServer } = this.options
    return { redisUrl: settings.redisUrl, databaseUrl, sameServer }
  }

  get #jobOptions(): JobsOptions {
    return {
      attempts: this.options.settings.attempts,
      backoff: { type: 'doubling' },
      removeOnComplete: remembered,
      // A failed job stays in the outbox. Removing it here frees its id for a retry.
      removeOnFail: true,
    }
  }

  async #process(
    job: BullJob<Job['payload'], void, JobName>,
    { token, handler }: { readonly token: string | undefined; readonly handler: JobHandler },
  ): Promise<void> {
    // Only `add` and `schedule` add jobs, so name and payload match.
    const work = { name: job.name, payload: job.data } as Job
    const progress: RunningJob['progress'] = async (at) => await job.updateProgress({ ...at })
    const processing = handler.process({ ...work, id: job.id ?? '', progress })
    this.#underWay.add(processing)
    try {
      await processing
    } catch (error) {
      if (!(error instanceof JobPostponed)) throw error
      await job.moveToDelayed(error.until.getTime(), token)
      throw new DelayedError()
    } finally {
      this.#underWay.delete(processing)
    }
  }

  /**
   * The wait doubles with each try, up to a limit; up to half of it is random, so that jobs that failed together spread
   * out.
   */
  #waitAfter(attempt: number): number {
    const { firstRetryMilliseconds, longestRetrySeconds } = this.options.settings
    const whole = Math.min(firstRetryMilliseconds * 2 ** (attempt - 1), longestRetrySeconds * 1_000)
    const chance = this.options.random.bytes(4).readUInt32BE() / 2 ** 32
    return Math.round(whole * (1 - chance / 2))
  }

  /** Logs one line in ten seconds, because an outage causes many errors per second. */
  #tell(error: Error): void {
    const now = performance.now()
    if (now - this.#toldAt < troubleMilliseconds) return
    this.#toldAt = now
    this.options.logger.warn({ err: error }, 'the queue has trouble; nothing is lost, it goes on when it can')
  }
}
