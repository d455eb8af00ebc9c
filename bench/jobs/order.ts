// The messages between the benchmark and its job runner.
import type { Watched } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'

/** A batch of jobs that do nothing. */
export interface JobsOrder {
  readonly by: 'bullmq' | 'outbox'
  readonly redisUrl: string | null
  readonly databaseUrl: string
  readonly jobs: number
  readonly watched: Watched
}

/** The job runner's answer to an order. */
export type JobsReply =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly reason: string }
