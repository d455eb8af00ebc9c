// Measures one batch of deliveries, from the commit of their events until the sink has acknowledged all.
import { setTimeout } from 'node:timers/promises'
import { type Watched, watchCpu } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'
import type { WebhookSink } from './webhook-sink.js'

/** Time limit of a batch, in milliseconds. */
const patienceMilliseconds = 180_000

/** A batch of deliveries to endpoints that answer; others may hang meanwhile. */
export interface WebhookBatch {
  readonly deliveries: number
  readonly sink: WebhookSink
  readonly watched: Omit<Watched, 'client'>
  /** Commits the events, and calls `released` right before that. */
  readonly release: (released: () => void) => Promise<void>
  /** SQL statements that the server has sent so far; null if it does not count them. */
  readonly countStatements: () => Promise<number | null>
}

/** Runs the batch. Throws if the sink does not receive all of it. */
export const runWebhooks = async (batch: WebhookBatch): Promise<Measurement> => {
  const { deliveries, sink, watched } = batch
  const allTaken = await sink.count(deliveries)
  const statementsBefore = await batch.countStatements()
  const begin = () => ({ cpuShares: watchCpu({ ...watched, client: sink.pid }), at: performance.now() })
  let begun = begin()
  await batch.release(() => {
    begun = begin()
  })
  const patience = new AbortController()
  try {
    await Promise.race([allTaken(), giveUp(deliveries, patience.signal)])
  } finally {
    patience.abort()
  }
  const seconds = (performance.now() - begun.at) / 1000
  const cpu = begun.cpuShares()
  const statementsAfter = await batch.countStatements()
  const isCounted = statementsBefore !== null && statementsAfter !== null
  return {
    operations: deliveries,
    perSecond: deliveries / seconds,
    p50Milliseconds: null,
    p95Milliseconds: null,
    p99Milliseconds: null,
    statementsEach: isCounted ? (statementsAfter - statementsBefore) / deliveries : null,
    cpu,
  }
}

const giveUp = async (deliveries: number, signal: AbortSignal): Promise<never> => {
  await setTimeout(patienceMilliseconds, undefined, { signal })
  throw new Error(`the sink did not get all of ${deliveries} deliveries`)
}
