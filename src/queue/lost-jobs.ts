// Jobs of which Redis has forgotten a part: they are completed without a trace, handed back, and told of.
import type { Job as BullJob } from 'bullmq'
import { UnrecoverableError } from 'bullmq'
import type { Logger } from '../runtime/logger.js'
import { Seldom } from '../runtime/seldom.js'
import type { Job, JobName } from './job.js'
import { readJob } from './read-job.js'

/** BullMQ's job with the types of ours. */
export type BullMqJob = BullJob<Job['payload'], void, JobName>

/** What a worker knows of lost jobs. */
export class LostJobs {
  /** Tries that found an unreadable job. The end of one whose worker lost it never comes, and then nothing stays here. */
  readonly #leaving = new WeakSet<BullMqJob>()
  /** A Redis that evicts keys forgets hundreds of jobs at once. */
  readonly #lines = new Seldom()

  /** `handBack` gets the id of a job that can be added again. */
  constructor(
    private readonly logger: Logger,
    private readonly handBack: (id: string) => void,
  ) {}

  /** Called while an unreadable job runs: once it is completed, nothing of it is left. */
  dismiss(job: BullMqJob): void {
    // Otherwise it would be remembered as done, and not be added again.
    job.opts.removeOnComplete = true
    this.#leaving.add(job)
  }

  /** Called when BullMQ has completed a job. */
  completed(job: BullMqJob): void {
    if (this.#leaving.delete(job)) this.#lose(job)
  }

  /**
   * Called when BullMQ has ended a failed job. True if it was lost rather than failed for good: it ended early, because
   * its name, its payload or its number of tries was forgotten.
   */
  failed(job: BullMqJob, error: Error, attempts: number): boolean {
    const isOver = job.attemptsMade >= attempts || error instanceof UnrecoverableError
    if (isOver && readJob(job.name, job.data) !== null) return false
    this.#lose(job)
    return true
  }

  #lose(job: BullMqJob): void {
    this.handBack(job.id ?? '')
    const jobs = this.#lines.next()
    if (jobs !== null)
      this.logger.warn(
        { jobs },
        'Redis had forgotten what jobs of the queue are; they are restored from PostgreSQL',
      )
  }
}
