// The load client's process: takes one order at a time over IPC, runs it, replies.
import { measure } from './measure.js'
import type { Order, Reply } from './order.js'
import { createSteps } from './steps.js'

const steps = createSteps()

const replyTo = async (order: Order): Promise<Reply> => {
  try {
    return { kind: 'measured', measurement: await measure(order, steps[order.scenario]) }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

// Only the benchmark that started this process holds the other end.
process.on('message', async (order: Order) => void process.send?.(await replyTo(order)))
process.once('disconnect', () => process.exit())
