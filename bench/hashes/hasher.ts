// The hasher's process: computes Argon2id for the time of one order, and replies how often it could.
import { measureHashes } from './measure-hashes.js'
import type { HashesOrder, HashesReply } from './order.js'

const replyTo = async (order: HashesOrder): Promise<HashesReply> => {
  try {
    return { kind: 'measured', measurement: await measureHashes(order) }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

// Only the benchmark that started this process sends messages here.
process.on('message', async (order: HashesOrder) => void process.send?.(await replyTo(order)))
process.once('disconnect', () => process.exit())
process.once('SIGTERM', () => process.exit())
process.send?.('ready')
