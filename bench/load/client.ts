// The load client's process: receives one order at a time over IPC, runs it, replies.
import { measureLatency } from './latency.js'
import { measure } from './measure.js'
import { measureMe } from './measure-me.js'
import type { Order, Reply } from './order.js'
import { createSteps } from './steps.js'
import { timeAddresses } from './time-addresses.js'

const steps = createSteps()

const run = async (order: Order): Promise<Reply> => {
  switch (order.kind) {
    case 'load':
      return { kind: 'measured', measurement: await measure(order, steps(order.scenario)) }
    case 'latency':
      return { kind: 'measured', measurement: await measureLatency(order) }
    case 'me': {
      const both = { me: steps('me'), password: steps('password') }
      return { kind: 'measured', measurement: await measureMe(order, both) }
    }
    case 'timing':
      return { kind: 'timed', samples: await timeAddresses(order) }
  }
}

const replyTo = async (order: Order): Promise<Reply> => {
  try {
    return await run(order)
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

// Only the benchmark that started this process sends messages here.
process.on('message', async (order: Order) => void process.send?.(await replyTo(order)))
process.once('disconnect', () => process.exit())
