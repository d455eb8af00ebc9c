// The queue: hands jobs to workers, one of which does each, again and again until it is done or given up.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job as BullJob, DelayedError, type JobsOptions } from 'bullmq'
import type { ValuesOf } from '../config/setting.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Random } from '../runtime/random.js'
import { type BullQueue, type BullWorker, openBullQueue, openBullWorker } from './backend.js'
import type { Job, JobName, QueuedJob } from './job.js'
import { JobPostponed, type RunningJob } from './running-job.js'
import type { queueSettings } from './settings.js'

/** A worker that is not heard of for this long has died, in milliseconds. With the next figure: within 10 s. */
const lockMilliseconds = 5_000
/** How often it is looked whether a worker has died, in milliseconds. */
const stalledCheckMilliseconds = 3_000
/** How soon a worker comes back after what carries the queue was away, in milliseconds. */
const reconnectMilliseconds = 500
/** A job whose worker died this often is most likely what kills them. */
const mostStalls = 10
/** A done job is remembered for so long that a relay's repeat finds it there. A limit of their number would be counted out at each job. */
export const remembered = { age: 600 } // BullMQ's name for seconds
/** Whoever waits for longer counts the queue as away, in milliseconds; a probe gives us two seconds. */
const answerMilliseconds = 1_500
/** A schedule whose next run is so long overdue has stopped, in milliseconds. */
const overdueMilliseconds = 120_000
/** The same trouble is told once in so many milliseconds. */
const troubleMilliseconds = 10_000

/** What the queue knows of a job: it is still to be done, was done, or is not there. */
export type QueueState = 'open' | 'done' | 'unknown'

/** Who does the jobs, and hears of what became of them. */
export interface JobHandler {
  /** Does a job; what it throws makes the queue try again later. */
  process(job: RunningJob): Promise<void>
  /** A job failed for the last time. */
  gaveUp(job: { readonly id: string; readonly name: JobName }, error: Error): void
}

/** What `JobQueue` needs. */
export interface JobQueueOptions {
  readonly settings: ValuesOf<typeof queueSettings>
  readonly databaseUrl: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** The result of `asked`, or a failure: BullMQ waits for a Redis that is away however long. What it does late does no harm. */
const soon = async <T>(asked: Promise<T>): Promise<T> => {
  // Nobody may hear of how it ends.
  asked.catch(() => undefined)
  const late = sleep(answerMilliseconds, null, { ref: false }).then(() => {
    throw new Error('what carries the queue does not answer')
  })
  return await Promise.race([asked, late])
}

/** Adds jobs, schedules them, and has them done. Opened by workers alone: whoever asks for a job appends it to the outbox. */
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
   * Waits until PostgreSQL has let us in, where it carries the queue; Redis may come later. Throws when it is away: then
   * this queue is of no use, for what BullMQ could not do at first on PostgreSQL it never tries again.
   */
  async ready(): Promise<void> {
    if (this.options.settings.redisUrl !== null) return
    await Promise.all([this.#queue.waitUntilReady(), this.#worker?.waitUntilReady()])
  }

  /** Adds jobs. One whose id is there already is left as it is. */
  async add(jobs: readonly QueuedJob[]): Promise<void> {
    await soon(
      this.#queue.addBulk(
        jobs.map(({ id, name, payload }) => ({ name, data: payload, opts: { jobId: id } })),
      ),
    )
  }

  /** Where a job stands. */
  async stateOf(id: string): Promise<QueueState> {
    const state = await soon(this.#queue.getJobState(id))
    if (state === 'completed') return 'done'
    return state === 'unknown' || state === 'failed' ? 'unknown' : 'open'
  }

  /**
   * Has a job done again and again, by one worker of all: at the times of a cron pattern, in UTC. Leaves a schedule alone
   * that goes on; makes one anew that was lost, has another pattern, or has stopped.
   */
  async schedule({ name, payload }: Job, pattern: string): Promise<void> {
    const known = await soon(this.#queue.getJobScheduler(name))
    const next = known?.next ?? 0
    const isComing = next > this.options.clock.now().getTime() - overdueMilliseconds
    // A run that is late is not lost: made anew, the schedule would drop it.
    if (known?.pattern === pattern && (isComing || (await this.stateOf(`repeat:${name}:${next}`)) === 'open'))
      return
    await this.#queue.upsertJobScheduler(name, { pattern, tz: 'UTC' }, { name, data: payload })
  }

  /** Starts to do jobs. */
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

  /** How many jobs wait, are being done, and wait for their next try. */
  async depth(): Promise<{ readonly waiting: number; readonly active: number; readonly delayed: number }> {
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
    } = await this.#queue.getJobCounts('waiting', 'active', 'delayed')
    return { waiting, active, delayed }
  }

  /** True when what carries the queue answers, and soon. */
  async answers(): Promise<boolean> {
    return await soon(this.#queue.getActiveCount()).then(
      () => true,
      () => false,
    )
  }

  /**
   * Takes no more jobs, waits for those under way, and closes. BullMQ would wait for what carries the queue, too; where
   * that is away there are no more jobs, and what is done now is told by the outbox alone.
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
    return { redisUrl: this.options.settings.redisUrl, databaseUrl: this.options.databaseUrl }
  }

  get #jobOptions(): JobsOptions {
    return {
      attempts: this.options.settings.attempts,
      backoff: { type: 'doubling' },
      removeOnComplete: remembered,
      // The outbox keeps what was given up; here its id is free for another round.
      removeOnFail: true,
    }
  }

  async #process(
    job: BullJob<Job['payload'], void, JobName>,
    { token, handler }: { readonly token: string | undefined; readonly handler: JobHandler },
  ): Promise<void> {
    // Added by `add` and `schedule` alone, so name and payload belong together.
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

  /** Twice as long after each try, up to a limit; up to half of it is chance, so that what failed together does not return together. */
  #waitAfter(attempt: number): number {
    const { firstRetryMilliseconds, longestRetrySeconds } = this.options.settings
    const whole = Math.min(firstRetryMilliseconds * 2 ** (attempt - 1), longestRetrySeconds * 1_000)
    const chance = this.options.random.bytes(4).readUInt32BE() / 2 ** 32
    return Math.round(whole * (1 - chance / 2))
  }

  /** An outage makes many errors a second; one line in ten seconds tells of it. */
  #tell(error: Error): void {
    const now = performance.now()
    if (now - this.#toldAt < troubleMilliseconds) return
    this.#toldAt = now
    this.options.logger.warn({ err: error }, 'the queue has trouble; nothing is lost, it goes on when it can')
  }
}
