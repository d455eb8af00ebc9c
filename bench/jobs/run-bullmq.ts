// Runs a batch of jobs with BullMQ alone: the same queue and worker as Idem's, without an outbox.
import { readEnvironment } from '../../src/config/read-environment.js'
import { migrateQueue, openBullQueue, openBullWorker } from '../../src/queue/backend.js'
import { remembered } from '../../src/queue/job-queue.js'
import { queueSettings } from '../../src/queue/settings.js'
import { systemRandom } from '../../src/runtime/random.js'
import type { Measurement } from '../load/order.js'
import { Batch } from './batch.js'
import type { JobsOrder } from './order.js'

/** The same value as in `src/queue/job-queue.ts`, so that both sides do the same work. In milliseconds. */
const workerOptions = { lockDuration: 5_000, stalledInterval: 3_000, maxStalledCount: 10 }
/** The same number as the outbox's relay adds at once. */
const handedOver = 500

/** Runs the order. Measures from the first job that is added to the last one that is done. */
export const runBullmq = async (order: JobsOrder): Promise<Measurement> => {
  const { queue: settings } = readEnvironment({ queue: queueSettings }, {})
  await migrateQueue(order)
  const batch = new Batch(order)
  const queue = openBullQueue(order, {
    defaultJobOptions: { attempts: settings.attempts, removeOnComplete: remembered, removeOnFail: true },
  })
  const worker = openBullWorker(order, async () => batch.done(), {
    concurrency: settings.concurrency,
    ...workerOptions,
  })
  try {
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
    const jobs = Array.from({ length: order.jobs }, () => {
      const id = systemRandom.uuid()
      return { name: 'send-mail' as const, data: { mailId: id }, opts: { jobId: id } }
    })
    batch.start()
    for (let from = 0; from < jobs.length; from += handedOver)
      await queue.addBulk(jobs.slice(from, from + handedOver))
    return await batch.measurement()
  } finally {
    await worker.close()
    await queue.close()
  }
}
