// The jobs: names and payloads, the contract of those who ask for work and those who do it.

/** What each job works on: ids, never data, so that a job that runs late or twice sees things as they are. */
export interface JobPayloads {
  /** Sends one mail. */
  'send-mail': { readonly mailId: string }
  /** Tells an account's owner by mail of what an audit entry says has happened. */
  'send-notices': { readonly auditEntryId: string }
  /** Adds a signing key when the newest one has served its time. */
  'rotate-signing-key': object
  /** Removes what has run out. */
  'purge-expired': object
}

/** The name of a job. */
export type JobName = keyof JobPayloads

/** A job with its payload. */
export type Job = { readonly [N in JobName]: { readonly name: N; readonly payload: JobPayloads[N] } }[JobName]

/** A job under an id: added twice under the same id, it is in the queue once. */
export type QueuedJob = Job & { readonly id: string }

/** How far a long job has come, for whoever watches the queue. */
export interface JobProgress {
  readonly done: number
  readonly of: string
}
