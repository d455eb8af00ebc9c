// The jobs: names and payloads, the contract between the rooms that request jobs and the processors that run them.

/** The payload of each job: ids, never data, so that a job that runs late or twice reads the current state. */
export interface JobPayloads {
  /** Sends one mail. */
  'send-mail': { readonly mailId: string }
  /** Writes the mails that tell an account's owner of the act in an audit entry. */
  'send-notices': { readonly auditEntryId: string }
  /** Makes the deliveries of new webhook events. */
  'fan-out-webhooks': object
  /** Sends what is due to a webhook endpoint. */
  'send-webhooks': { readonly endpointId: string }
  /** Adds a signing key when the newest one is due for a successor. */
  'rotate-signing-key': object
  /** Deletes expired data. */
  'purge-expired': object
}

/** The name of a job. */
export type JobName = keyof JobPayloads

/** Exhaustive, so that a job that is missing here does not compile. */
const names: { readonly [N in JobName]: N } = {
  'send-mail': 'send-mail',
  'send-notices': 'send-notices',
  'fan-out-webhooks': 'fan-out-webhooks',
  'send-webhooks': 'send-webhooks',
  'rotate-signing-key': 'rotate-signing-key',
  'purge-expired': 'purge-expired',
}

/** The names of all jobs. */
export const jobNames: readonly JobName[] = Object.values(names)

/** A job with its payload. */
export type Job = { readonly [N in JobName]: { readonly name: N; readonly payload: JobPayloads[N] } }[JobName]

/** A job with an id: added twice with the same id, it is in the queue once. */
export type QueuedJob = Job & { readonly id: string }

/** The progress of a long job, for tools that show the queue. */
export interface JobProgress {
  readonly done: number
  readonly of: string
}
