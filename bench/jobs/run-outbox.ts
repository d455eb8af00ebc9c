// Runs a batch of jobs from the outbox with an empty processor; relay, queue and report are those of Idem's worker.
import { setTimeout } from 'node:timers/promises'
import { DoneJobs } from '../../jobs/done-jobs.js'
import { OutboxRelay } from '../../jobs/outbox-relay.js'
import { readEnvironment } from '../../src/config/read-environment.js'
import type { Call } from '../../src/database/call.js'
import { migrate } from '../../src/database/migrate.js'
import { Notifications } from '../../src/database/notifications.js'
import { Outbox } from '../../src/outbox/outbox.js'
import { migrateQueue } from '../../src/queue/backend.js'
import { JobQueue } from '../../src/queue/job-queue.js'
import { queueSettings } from '../../src/queue/settings.js'
import { systemClock } from '../../src/runtime/clock.js'
import { systemRandom } from '../../src/runtime/random.js'
import type { Measurement } from '../load/order.js'
import { type Tables, withTables } from '../tables.js'
import { Batch } from './batch.js'
import type { JobsOrder } from './order.js'

/** Runs the order. Measures from the commit that makes the jobs visible to the relay, to the last one that is done. */
export const runOutbox = async (order: JobsOrder): Promise<Measurement> =>
  await withTables(order.databaseUrl, async (tables) => {
    await migrate(tables.database)
    await migrateQueue(order)
    return await runOn(tables, order)
  })

const runOn = async (
  { database, logger, metrics, ownCall }: Tables,
  order: JobsOrder,
): Promise<Measurement> => {
  const { databaseUrl, redisUrl } = order
  const settings = readEnvironment(
    { queue: queueSettings },
    redisUrl === null ? {} : { REDIS_URL: redisUrl },
  ).queue
  const outbox = new Outbox()
  const notifications = new Notifications(databaseUrl, database, logger, metrics)
  const { sameServer } = database
  const queue = new JobQueue({
    settings,
    databaseUrl,
    sameServer,
    clock: systemClock,
    random: systemRandom,
    logger,
  })
  const relay = new OutboxRelay({ outbox, queue, notifications, logger, ownCall })
  const doneJobs = new DoneJobs({ outbox, logger, ownCall })
  const batch = new Batch(order)
  queue.work({
    process: async ({ id }) => {
      doneJobs.add(id)
      batch.done()
    },
    lost: (id) => {
      throw new Error(`${id} was lost`)
    },
    gaveUp: ({ id }, error) => logger.error({ err: error, jobId: id }, 'a job was given up'),
  })
  relay.start()
  await notifications.start()
  try {
    await untilAnswering(queue)
    await appendJobs(ownCall(), { outbox, jobs: order.jobs, released: () => batch.start() })
    return await batch.measurement()
  } finally {
    await relay.stop()
    await queue.close()
    await doneJobs.flush()
    await notifications.stop()
  }
}

/** Connecting takes milliseconds; 100 pauses are 2 s. */
const [connectAttempts, connectPauseMilliseconds] = [100, 20]

/**
 * Waits until the queue is connected, because the relay would otherwise retry after a pause that is not to be measured.
 */
const untilAnswering = async (queue: JobQueue): Promise<void> => {
  for (let attempt = 1; !(await queue.answers()); attempt++) {
    if (attempt === connectAttempts) throw new Error('the queue does not answer')
    await setTimeout(connectPauseMilliseconds)
  }
}

/** Inserts jobs; calls `released` right before the commit that makes them visible to the relay. */
const appendJobs = async (
  call: Call,
  {
    outbox,
    jobs,
    released,
  }: { readonly outbox: Outbox; readonly jobs: number; readonly released: () => void },
): Promise<void> =>
  await call.inTransaction(async (inner) => {
    for (let job = 0; job < jobs; job++) {
      const id = systemRandom.uuid()
      await inner.write(outbox.row(inner, id, { name: 'send-mail', payload: { mailId: id } }))
    }
    released()
  })
