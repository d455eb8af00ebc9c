// The worker of a queue: runs jobs, postpones them, and tells which were given up or lost.
import { DelayedError } from 'bullmq'
import type { Logger } from '../runtime/logger.js'
import { type BackendOptions, type BullWorker, openBullWorker } from './backend.js'
import type { JobName } from './job.js'
import { type BullMqJob, LostJobs } from './lost-jobs.js'
import type { QueueTrouble } from './queue-trouble.js'
import { readJob } from './read-job.js'
import { type RetryWaitNeeds, retryWait } from './retry-wait.js'
import { JobPostponed, type RunningJob } from './running-job.js'

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

/** What `JobWorker` needs. */
export interface JobWorkerNeeds extends RetryWaitNeeds {
  readonly backend: BackendOptions
  readonly logger: Logger
  readonly trouble: QueueTrouble
}

/** Runs jobs from its construction until it is closed. */
export class JobWorker {
  readonly #worker: BullWorker
  readonly #lost: LostJobs
  readonly #underWay = new Set<Promise<void>>()

  constructor(
    private readonly handler: JobHandler,
    private readonly needs: JobWorkerNeeds,
  ) {
    const { backend, settings, logger } = needs
    this.#lost = new LostJobs(logger, (id) => handler.lost(id))
    this.#worker = openBullWorker(backend, (job, token) => this.#process(job, token), {
      concurrency: settings.concurrency,
      lockDuration: lockMilliseconds,
      stalledInterval: stalledCheckMilliseconds,
      maxStalledCount: mostStalls,
      runRetryDelay: reconnectMilliseconds,
      settings: { backoffStrategy: (attempt) => retryWait(attempt, needs) },
    })
    this.#listen()
  }

  /** Returns when it has its connections. */
  async ready(): Promise<void> {
    await this.#worker.waitUntilReady()
  }

  /** Takes no more jobs from now on; running ones go on. */
  rest(): void {
    // With `true` it waits for nothing. It sets a flag, for which it needs no backend.
    this.#worker.pause(true).catch((error: Error) => this.needs.trouble.tell(error))
  }

  /** Takes no more jobs, waits for running ones, and closes. */
  async close(): Promise<void> {
    await this.#worker.close()
  }

  /** Waits for running jobs. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** Closes the connections without a word to the backend. */
  async cut(): Promise<void> {
    await this.#worker.close(true)
  }

  #listen(): void {
    const { settings, logger, trouble } = this.needs
    const worker = this.#worker
    worker.on('error', (error) => trouble.tell(error))
    worker.on('failed', (job, error) => {
      if (job?.finishedOn === undefined) return
      if (this.#lost.failed(job, error, settings.attempts)) return
      this.handler.gaveUp({ id: job.id ?? '', name: job.name }, error)
    })
    worker.on('completed', (job) => this.#lost.completed(job))
    worker.on('drained', () => this.handler.idle?.())
    worker.on('stalled', (id) => logger.warn({ jobId: id }, 'the worker of a job died: it is done anew'))
  }

  async #process(job: BullMqJob, token: string | undefined): Promise<void> {
    const work = readJob(job.name, job.data)
    if (work === null) return this.#lost.dismiss(job)
    const progress: RunningJob['progress'] = async (at) => await job.updateProgress({ ...at })
    const processing = this.handler.process({ ...work, id: job.id ?? '', progress })
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
}
