// Measures one batch of mails or deliveries, from its release until the sink has taken all.
import { setTimeout } from 'node:timers/promises'
import { type Watched, watchCpu } from './cpu-watch.js'
import type { Measurement } from './load/order.js'

/** Time limit of a batch, in milliseconds. */
const patienceMilliseconds = 180_000

/** Where a batch goes, in a process of its own. */
export interface Sink {
  readonly pid: number
  /** Starts counting. The returned function waits until so many more were taken. */
  count(operations: number): Promise<() => Promise<void>>
}

/** A batch and its sender. */
export interface Batch {
  /** The number of mails, or of deliveries. */
  readonly operations: number
  readonly sink: Sink
  readonly watched: Omit<Watched, 'client'>
  /** Lets the sender begin, and calls `released` at that moment. */
  readonly release: (released: () => void) => Promise<void>
  /** SQL statements that the sender's server has sent so far; null if it does not count them. */
  readonly countStatements: () => Promise<number | null>
}

/** Runs the batch. Throws if the sink does not receive all of it. */
export const runBatch = async (batch: Batch): Promise<Measurement> => {
  const { operations, sink, watched } = batch
  const allTaken = await sink.count(operations)
  const statementsBefore = await batch.countStatements()
  const begin = () => ({ cpuShares: watchCpu({ ...watched, client: sink.pid }), at: performance.now() })
  let begun = begin()
  await batch.release(() => {
    begun = begin()
  })
  const patience = new AbortController()
  try {
    await Promise.race([allTaken(), giveUp(operations, patience.signal)])
  } finally {
    patience.abort()
  }
  const seconds = (performance.now() - begun.at) / 1000
  const cpu = begun.cpuShares()
  const statementsAfter = await batch.countStatements()
  return {
    operations,
    perSecond: operations / seconds,
    p50Milliseconds: null,
    p95Milliseconds: null,
    p99Milliseconds: null,
    statementsEach:
      statementsBefore === null || statementsAfter === null
        ? null
        : (statementsAfter - statementsBefore) / operations,
    cpu,
  }
}

const giveUp = async (operations: number, signal: AbortSignal): Promise<never> => {
  await setTimeout(patienceMilliseconds, undefined, { signal })
  throw new Error(`the sink did not get all of ${operations}`)
}
