// The queue: keeps each job once, those of a schedule too, until a worker has done it.
import type { JobsOptions } from 'bullmq'
import type { ValuesOf } from '../config/setting.js'
import type { SameServer } from '../database/same-server.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Random } from '../runtime/random.js'
import { inTime } from './answer-in-time.js'
import { type BullQueue, openBullQueue } from './backend.js'
import type { Job, QueuedJob } from './job.js'
import { type JobHandler, JobWorker } from './job-worker.js'
import { QueueTrouble } from './queue-trouble.js'
import { readJob } from './read-job.js'
import type { queueSettings } from './settings.js'

/**
 * How long a done job is kept, so that a repeated relay of it is recognised. Age, because on PostgreSQL a limit of
 * their number would be counted at each job. In Redis also a number, because it keeps them in memory, a kB each.
 */
export const remembered = { age: 600 } // BullMQ's name for seconds
const rememberedInRedis = { ...remembered, count: 200 }
/** Most jobs that wait in Redis; more stay in the outbox, which is on a disk, until a worker has none left. */
const mostWaiting = 200
/** A schedule counts as stopped if its next run is overdue by this long, in milliseconds. */
const overdueMilliseconds = 120_000

/** The state of a job in the queue: to be done, done, or not in the queue. */
export type QueueState = 'open' | 'done' | 'unknown'

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
  readonly #trouble: QueueTrouble
  #worker: JobWorker | null = null
  #closed: Promise<void> | null = null

  constructor(private readonly options: JobQueueOptions) {
    this.#queue = openBullQueue(this.#backend, { defaultJobOptions: this.#jobOptions })
    this.#trouble = new QueueTrouble(this.#queue, options.logger)
    this.#queue.on('error', (error) => this.#trouble.tell(error))
  }

  /**
   * With PostgreSQL as the backend, waits for the connections. Throws if they cannot be made; then this queue must be
   * discarded, because BullMQ does not repeat its first queries on PostgreSQL. Redis may become available later.
   */
  async ready(): Promise<void> {
    if (this.options.settings.redisUrl !== null) return
    await Promise.all([this.#queue.waitUntilReady(), this.#worker?.ready()])
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
    const backend = this.#backend
    this.#worker = new JobWorker(handler, { ...this.options, backend, trouble: this.#trouble })
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
    const asked = Promise.all([this.#queue.getActiveCount(), this.#worker?.ready()])
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
    // At once, because the answer of the backend may take a while.
    this.#worker?.rest()
    if (await this.answers()) {
      await this.#worker?.close()
      await this.#queue.close()
      return
    }
    await this.#worker?.settled()
    const closed = Promise.all([this.#worker?.cut(), this.#queue.disconnect()])
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
}
