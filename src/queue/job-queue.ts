// The queue: each job is run by one worker, and again after each failure until it is done or its tries are used up.
import { DelayedError, type JobsOptions } from 'bullmq'
import type { ValuesOf } from '../config/setting.js'
import type { SameServer } from '../database/same-server.js'
import type { Clock } from '../runtime/clock.js'
import { outlineOf } from '../runtime/error-outline.js'
import type { Logger } from '../runtime/logger.js'
import type { Random } from '../runtime/random.js'
import { inTime } from './answer-in-time.js'
import { type BullQueue, type BullWorker, openBullQueue, openBullWorker } from './backend.js'
import type { Job, JobName, QueuedJob } from './job.js'
import { type BullMqJob, LostJobs } from './lost-jobs.js'
import { readJob } from './read-job.js'
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
 * their number would be counted at each job. In Redis also a number, because it keeps them in memory, a kB each.
 */
export const remembered = { age: 600 } // BullMQ's name for seconds
const rememberedInRedis = { ...remembered, count: 200 }
/** Most jobs that wait in Redis; more stay in the outbox, which is on a disk, until a worker has none left. */
const mostWaiting = 200
/** Done jobs that are forgotten at once when the memory of Redis is full. */
const mostForgotten = 1_000
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
  /** Called when the queue had lost what a job is, and has forgotten the rest of it. */
  lost(id: string): void
  /** Called when no job waits any more. */
  idle?(): void
}

/** What belongs to a job that runs. */
interface WorkContext {
  readonly token: string | undefined
  readonly handler: JobHandler
  readonly lost: LostJobs
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

/** Adds, schedules and runs jobs. Only workers open it; other code appends jobs to the outbox. */
export class JobQueue {
  readonly #queue: BullQueue
  #worker: BullWorker | null = null
  readonly #underWay = new Set<Promise<void>>()
  #closed: Promise<void> | null = null
  #isRelieving = false
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
    await inTime(
      this.#queue.addBulk(
        jobs.map(({ id, name, payload }) => ({ name, data: payload, opts: { jobId: id } })),
      ),
    )
  }

  /** Adds jobs that are not in the queue, or of which only a part is, as after an eviction by Redis. */
  async restore(jobs: readonly QueuedJob[]): Promise<void> {
    // Where a hash is left, adding has no effect. Nothing is removed that runs.
    if (this.#isOnRedis) await inTime(Promise.all(jobs.map(({ id }) => this.#queue.remove(id))))
    await this.add(jobs)
  }

  /** How many more jobs may wait: without a limit on PostgreSQL, whose tables are on a disk. */
  async room(): Promise<number> {
    if (!this.#isOnRedis) return Number.POSITIVE_INFINITY
    return Math.max(0, mostWaiting - (await inTime(this.#queue.getWaitingCount())))
  }

  /** The state of a job. One of which a part is lost is unknown. */
  async stateOf(id: string): Promise<QueueState> {
    const state = await inTime(this.#queue.getJobState(id))
    if (state === 'completed') return 'done'
    if (state === 'unknown' || state === 'failed') return 'unknown'
    return !this.#isOnRedis || (await this.#isReadable(id)) ? 'open' : 'unknown'
  }

  async #isReadable(id: string): Promise<boolean> {
    try {
      const job = await inTime(this.#queue.getJob(id))
      return job !== undefined && readJob(job.name, job.data) !== null
    } catch (error) {
      // BullMQ parses the payload.
      if (error instanceof SyntaxError) return false
      throw error
    }
  }

  /**
   * Runs a job at the times of a cron pattern in UTC, each time by one of all workers. Keeps a schedule that works;
   * makes a new one if it was lost, has another pattern, or has stopped.
   */
  async schedule({ name, payload }: Job, pattern: string): Promise<void> {
    const known = await inTime(this.#queue.getJobScheduler(name))
    const next = known?.next ?? 0
    const isComing = next > this.options.clock.now().getTime() - overdueMilliseconds
    // A late run is kept; a new schedule would skip it.
    if (known?.pattern === pattern && (isComing || (await this.stateOf(`repeat:${name}:${next}`)) === 'open'))
      return
    await this.#queue.upsertJobScheduler(name, { pattern, tz: 'UTC' }, { name, data: payload })
  }

  /** Starts to run jobs. */
  work(handler: JobHandler): void {
    const lost = new LostJobs(this.options.logger, (id) => handler.lost(id))
    const worker = openBullWorker(
      this.#backend,
      (job, token) => this.#process(job, { token, handler, lost }),
      {
        concurrency: this.options.settings.concurrency,
        lockDuration: lockMilliseconds,
        stalledInterval: stalledCheckMilliseconds,
        maxStalledCount: mostStalls,
        runRetryDelay: reconnectMilliseconds,
        settings: { backoffStrategy: (attempt) => this.#waitAfter(attempt) },
      },
    )
    worker.on('error', (error) => this.#tell(error))
    worker.on('failed', (job, error) => {
      if (job?.finishedOn === undefined) return
      if (lost.failed(job, error, this.options.settings.attempts)) return
      handler.gaveUp({ id: job.id ?? '', name: job.name }, error)
    })
    worker.on('completed', (job) => lost.completed(job))
    worker.on('drained', () => handler.idle?.())
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
    return await inTime(asked).then(
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
    await inTime(closed).catch((error: unknown) =>
      this.options.logger.debug({ err: error }, 'not closed in time'),
    )
  }

  get #isOnRedis(): boolean {
    return this.options.settings.redisUrl !== null
  }

  get #backend() {
    const { settings, databaseUrl, sameServer } = this.options
    return { redisUrl: settings.redisUrl, databaseUrl, sameServer }
  }

  get #jobOptions(): JobsOptions {
    return {
      attempts: this.options.settings.attempts,
      backoff: { type: 'doubling' },
      removeOnComplete: this.#isOnRedis ? rememberedInRedis : remembered,
      // What libraries say in their stacks is not kept anywhere.
      stackTraceLimit: 0,
      // A failed job stays in the outbox. Removing it here frees its id for a retry.
      removeOnFail: true,
    }
  }

  async #process(job: BullMqJob, { token, handler, lost }: WorkContext): Promise<void> {
    const work = readJob(job.name, job.data)
    if (work === null) return lost.dismiss(job)
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

  /**
   * A full Redis refuses to hand out jobs, so those that are done are forgotten first. One that is not noted as done in
   * the outbox is done twice, which every job allows.
   */
  #relieve(error: Error): void {
    if (outlineOf(error).code !== 'OOM' || this.#isRelieving) return
    this.#isRelieving = true
    inTime(this.#queue.clean(0, mostForgotten, 'completed'))
      .catch((failure: unknown) => this.options.logger.debug({ err: failure }, 'done jobs are kept'))
      .finally(() => {
        this.#isRelieving = false
      })
  }

  /** Logs one line in ten seconds, because an outage causes many errors per second. */
  #tell(error: Error): void {
    this.#relieve(error)
    const now = performance.now()
    if (now - this.#toldAt < troubleMilliseconds) return
    this.#toldAt = now
    this.options.logger.warn({ err: error }, 'the queue has trouble; nothing is lost, it goes on when it can')
  }
}
