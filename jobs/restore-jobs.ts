// Restores jobs that the queue lost, for example a Redis that restarted without its data, and completes lost reports.
import type { Call } from '../src/database/call.js'
import type { RelayOutboxNeeds } from './relay-outbox.js'

/** A job that is not reported as done within this time is checked, in milliseconds. */
const patienceMilliseconds = 30_000

/** Checks in the queue the jobs that should be done by now; returns the number of those that it had lost. */
export const restoreJobs = async (call: Call, { outbox, queue }: RelayOutboxNeeds): Promise<number> => {
  const jobs = await outbox.listUnfinished(call, new Date(call.now.getTime() - patienceMilliseconds))
  const states = await Promise.all(jobs.map(async ({ id }) => await queue.stateOf(id)))
  const done = jobs.filter((_, index) => states[index] === 'done').map(({ id }) => id)
  const lost = jobs.filter((_, index) => states[index] === 'unknown')
  if (done.length > 0) await outbox.noteDone(call, done)
  if (lost.length > 0) await queue.restore(lost)
  const others = jobs.filter((_, index) => states[index] !== 'done').map(({ id }) => id)
  if (others.length > 0) await outbox.noteRelayed(call, others)
  return lost.length
}
