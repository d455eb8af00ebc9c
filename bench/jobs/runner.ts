// The job runner's process: receives one batch of jobs at a time over IPC, runs it, replies.

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

// Only the benchmark that started this process sends messages here.
process.on('message', async (order: JobsOrder) => void process.send?.(await replyTo(order)))
process.once('disconnect', () => process.exit())
process.once('SIGTERM', () => process.exit())
process.send?.('ready')
