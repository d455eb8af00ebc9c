// Adds waiting jobs of the outbox to the queue until none waits.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { JobQueue } from '../src/queue/job-queue.js'

/** What `relayOutbox` works with. */
export interface RelayOutboxNeeds {
  readonly outbox: Outbox
  readonly queue: JobQueue
}

/** Relays all waiting jobs and returns their number. */
export const relayOutbox = async (call: Call, { outbox, queue }: RelayOutboxNeeds): Promise<number> => {
  let relayed = 0
  for (;;) {
    const count = await outbox.relay(call, async (jobs) => await queue.add(jobs))
    relayed += count
    if (count === 0) return relayed
  }
}
