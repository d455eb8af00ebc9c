// Adds waiting jobs of the outbox to the queue until none waits or the queue is full.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { QueuedJob } from '../src/queue/job.js'
import type { JobQueue } from '../src/queue/job-queue.js'

/** What `relayOutbox` works with. */
export interface RelayOutboxNeeds {
  readonly outbox: Outbox
  readonly queue: JobQueue
}

/** Relays waiting jobs as long as the queue has room for them; false if some may be left. */
export const relayOutbox = async (call: Call, { outbox, queue }: RelayOutboxNeeds): Promise<boolean> => {
  for (;;) {
    const most = await queue.room()
    if (most === 0) return false
    const deliver = async (jobs: readonly QueuedJob[]): Promise<void> => await queue.add(jobs)
    if ((await outbox.relay(call, deliver, most)) === 0) return true
  }
}
