// The job runner's process: takes one batch of jobs at a time over IPC, has them done, replies.

import type { JobsOrder, JobsReply } from './order.js'
import { runBullmq } from './run-bullmq.js'
import { runOutbox } from './run-outbox.js'

const replyTo = async (order: JobsOrder): Promise<JobsReply> => {
  try {
    const run = order.by === 'outbox' ? runOutbox : runBullmq
    return { kind: 'measured', measurement: await run(order) }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

// Only the benchmark that started this process holds the other end.
process.on('message', async (order: JobsOrder) => void process.send?.(await replyTo(order)))
process.once('disconnect', () => process.exit())
process.once('SIGTERM', () => process.exit())
process.send?.('ready')
