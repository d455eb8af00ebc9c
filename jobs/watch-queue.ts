// Watches the queue: keeps the recurring jobs scheduled, and updates the metrics of waiting jobs.
import type { ValuesOf } from '../src/config/setting.js'
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { RedisCheck } from '../src/queue/check-redis.js'
import type { JobQueue } from '../src/queue/job-queue.js'
import type { queueSettings } from '../src/queue/settings.js'
import type { Logger } from '../src/runtime/logger.js'
import type { Metrics } from '../src/runtime/metrics.js'

/** What `watchQueue` works with. */
export interface WatchQueueNeeds {
  readonly redisCheck: RedisCheck
  readonly queue: JobQueue
  readonly outbox: Outbox
  readonly metrics: Metrics
  readonly logger: Logger
  readonly ownCall: () => Call
  readonly settings: ValuesOf<typeof queueSettings>
}

/** Time between two checks, in milliseconds. A Redis that loses its data also loses the schedules. */
const lookMilliseconds = 10_000

/** Checks at intervals until it is stopped. */
export const watchQueue = (needs: WatchQueueNeeds): { stop(): void } => {
  const { redisCheck, queue, outbox, metrics, logger, ownCall, settings } = needs

  const schedule = async (): Promise<void> => {
    await queue.schedule({ name: 'purge-expired', payload: {} }, settings.purgeSchedule)
    await queue.schedule({ name: 'rotate-signing-key', payload: {} }, settings.signingKeySchedule)
  }

  const count = async (): Promise<void> => {
    const [inOutbox, inQueue] = [await outbox.count(ownCall()), await queue.depth()]
    metrics.queuedJobs.set({ state: 'outbox' }, inOutbox.waiting)
    metrics.queuedJobs.set({ state: 'failed' }, inOutbox.failed)
    for (const [state, number] of Object.entries(inQueue)) metrics.queuedJobs.set({ state }, number)
  }

  let isStopped = false
  let isLooking = false
  const look = async (): Promise<void> => {
    if (isLooking || isStopped) return
    isLooking = true
    try {
      await redisCheck.again()
      await schedule()
      await count()
    } catch (error) {
      if (!isStopped)
        logger.debug({ err: error }, 'the queue cannot be looked at just now; it is tried again')
    } finally {
      isLooking = false
    }
  }
  void look()
  const timer = setInterval(() => void look(), lookMilliseconds)
  return {
    stop: () => {
      isStopped = true
      clearInterval(timer)
    },
  }
}
