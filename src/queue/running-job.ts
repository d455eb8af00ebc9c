// A job while a worker runs it.
import { LoggableError } from '../failure.js'
import type { Job, JobProgress } from './job.js'

/** A job that is running. */
export type RunningJob = Job & {
  readonly id: string
  /** Stores the progress in the queue. */
  progress(progress: JobProgress): Promise<void>
}

/** Thrown by a job that cannot run before `until`: it waits, and the try does not count as failed. */
export class JobPostponed extends LoggableError {
  override readonly name = 'JobPostponed'
  constructor(readonly until: Date) {
    super(`not before ${until.toISOString()}`)
  }
}
