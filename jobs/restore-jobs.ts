// Restores jobs that the queue took and lost: a Redis that was restarted without what it held, a report that never came.
import type { Call } from '../src/database/call.js'
import type { RelayOutboxNeeds } from './relay-outbox.js'

/** A job that takes longer than this without a word is asked about, in milliseconds. */
const patienceMilliseconds = 30_000

/** Asks the queue about jobs that should be done by now; returns the number of those that it had lost. */
export const restoreJobs = async (call: Call, { outbox, queue }: RelayOutboxNeeds): Promise<number> => {
  const jobs = await outbox.listUnfinished(call, new Date(call.now.getTime() - patienceMilliseconds))
  const states = await Promise.all(jobs.map(async ({ id }) => await queue.stateOf(id)))
  const done = jobs.filter((_, index) => states[index] === 'done').map(({ id }) => id)
  const lost = jobs.filter((_, index) => states[index] === 'unknown')
  if (done.length > 0) await outbox.noteDone(call, done)
  if (lost.length > 0) await queue.add(lost)
  const others = jobs.filter((_, index) => states[index] !== 'done').map(({ id }) => id)
  if (others.length > 0) await outbox.noteRelayed(call, others)
  return lost.length
}
