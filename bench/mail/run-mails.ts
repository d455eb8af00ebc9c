// Measures one batch of mails, from its release until the sink has accepted all.
import { setTimeout } from 'node:timers/promises'
import { type Watched, watchCpu } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'
import type { MailSink } from './mail-sink.js'

/** Time limit of a batch, in milliseconds. */
const patienceMilliseconds = 180_000

/** A batch and its sender. */
export interface MailBatch {
  readonly mails: number
  readonly sink: MailSink
  readonly watched: Omit<Watched, 'client'>
  /** Lets the sender begin, and calls `released` at that moment. */
  readonly release: (released: () => void) => Promise<void>
  /** SQL statements that the sender's server has sent so far; null if it does not count them. */
  readonly countStatements: () => Promise<number | null>
}

/** Runs the batch. Throws if the sink does not receive all of it. */
export const runMails = async (batch: MailBatch): Promise<Measurement> => {
  const { mails, sink, watched } = batch
  const allTaken = await sink.count(mails)
  const statementsBefore = await batch.countStatements()
  const begin = () => ({ cpuShares: watchCpu({ ...watched, client: sink.pid }), at: performance.now() })
  let begun = begin()
  await batch.release(() => {
    begun = begin()
  })
  const patience = new AbortController()
  try {
    await Promise.race([allTaken(), giveUp(mails, patience.signal)])
  } finally {
    patience.abort()
  }
  const seconds = (performance.now() - begun.at) / 1000
  const cpu = begun.cpuShares()
  const statementsAfter = await batch.countStatements()
  return {
    operations: mails,
    perSecond: mails / seconds,
    p50Milliseconds: null,
    p95Milliseconds: null,
    p99Milliseconds: null,
    statementsEach:
      statementsBefore === null || statementsAfter === null
        ? null
        : (statementsAfter - statementsBefore) / mails,
    cpu,
  }
}

const giveUp = async (mails: number, signal: AbortSignal): Promise<never> => {
  await setTimeout(patienceMilliseconds, undefined, { signal })
  throw new Error(`the sink did not get all of ${mails} mails`)
}
