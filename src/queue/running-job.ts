// A job while a worker does it.
import type { Job, JobProgress } from './job.js'

/** A job that is being done. */
export type RunningJob = Job & {
  readonly id: string
  /** Tells whoever watches the queue how far it has come. */
  progress(progress: JobProgress): Promise<void>
}

/** Thrown by a job that cannot be done before `until`: it waits without having failed. */
export class JobPostponed extends Error {
  override readonly name = 'JobPostponed'
  constructor(readonly until: Date) {
    super(`not before ${until.toISOString()}`)
  }
}
