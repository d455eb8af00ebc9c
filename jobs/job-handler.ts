// Runs jobs of the queue, counts them, and records their results in the outbox.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../src/database/call.js'
import { isDatabaseAway } from '../src/database/storage-errors.js'
import { MailDeferred } from '../src/mail/mailer.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { JobName, JobPayloads } from '../src/queue/job.js'
import type { JobHandler } from '../src/queue/job-worker.js'
import { JobPostponed, type RunningJob } from '../src/queue/running-job.js'
import { describeError } from '../src/runtime/error-outline.js'
import type { Logger } from '../src/runtime/logger.js'
import type { Metrics } from '../src/runtime/metrics.js'
import type { RequestScope } from '../src/runtime/request-scope.js'
import type { SpanFacts, Traces } from '../src/runtime/traces.js'
import type { DoneJobs } from './done-jobs.js'
import type { Processors } from './processors.js'

/** What a handler works with. */
export interface JobHandlerNeeds {
  readonly processors: Processors
  readonly doneJobs: DoneJobs
  readonly outbox: Outbox
  readonly metrics: Metrics
  readonly logger: Logger
  readonly requestScope: RequestScope
  /** Null where they are off. */
  readonly traces: Traces | null
  readonly ownCall: () => Call
  /** Relays what the queue had no room for. */
  readonly refill: () => void
}

/** Wait between two attempts to record a failed job while the database cannot be reached, in milliseconds. */
const noteMilliseconds = 1_000

/** True for jobs of the outbox. Scheduled jobs have other ids and are not recorded there. */
const isOutboxId = (id: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)

/** Why a job failed, for the log. A bug has a stack; a reply of another server or a lost database needs none. */
const causeOf = (error: unknown): { readonly reason: string } | { readonly err: unknown } => {
  if (error instanceof MailDeferred) return { reason: error.reply }
  return isDatabaseAway(error) ? { reason: describeError(error) } : { err: error }
}

const spanFactsOf = ({ id, name }: RunningJob): SpanFacts => ({
  name: `process ${name}`,
  kind: 'consumer',
  attributes: {
    'messaging.system': 'bullmq',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': name,
    'messaging.message.id': id,
  },
  isOutcome: (error) => error instanceof JobPostponed,
})

/** The handler of a worker's queue. */
export const createJobHandler = (needs: JobHandlerNeeds): JobHandler => {
  const { processors, doneJobs, outbox, metrics, logger, requestScope, traces, ownCall, refill } = needs

  /** In a `RunningJob` name and payload match, which the compiler cannot infer through the table. */
  const run = async <N extends JobName>(job: RunningJob & { readonly name: N }): Promise<void> => {
    await processors[job.name](ownCall(), job.payload as JobPayloads[N], job)
  }

  /** Runs a job as a span of the trace in which it was asked for, or as the first one of its own. */
  const trace = async (to: Traces, job: RunningJob): Promise<void> => {
    const parent = isOutboxId(job.id) ? await outbox.traceparentOf(ownCall(), job.id) : null
    await to.from(spanFactsOf(job), { requestId: job.id, parent, link: null }, async () => await run(job))
  }

  /** If the process ends before this succeeds, the queue no longer has the job, and `restoreJobs` adds it again. */
  const noteFailed = async (id: string, failure: string): Promise<void> => {
    for (;;)
      try {
        return await outbox.noteFailed(ownCall(), id, failure)
      } catch (error) {
        logger.debug({ err: error }, 'a failed job cannot be noted just now; it is tried again')
        await sleep(noteMilliseconds, undefined, { ref: false })
      }
  }

  /** If it does not succeed, `restoreJobs` finds the job. */
  const noteLost = async (id: string): Promise<void> => {
    await outbox
      .noteLost(ownCall(), [id])
      .catch((error: unknown) => logger.debug({ err: error }, 'a lost job cannot be noted just now'))
  }

  return {
    process: async (job) =>
      await requestScope.run(job.id, async () => {
        const stopTimer = metrics.jobSeconds.startTimer({ job: job.name })
        try {
          await (traces === null ? run(job) : trace(traces, job))
          if (isOutboxId(job.id)) doneJobs.add(job.id)
          metrics.jobs.inc({ job: job.name, result: 'done' })
        } catch (error) {
          const isPostponed = error instanceof JobPostponed
          metrics.jobs.inc({ job: job.name, result: isPostponed ? 'postponed' : 'failed' })
          if (!isPostponed)
            logger.warn({ ...causeOf(error), job: job.name }, 'a job failed; it is tried again')
          throw error
        } finally {
          stopTimer()
        }
      }),
    lost: (id) => {
      metrics.jobs.inc({ job: 'unknown', result: 'lost' })
      if (isOutboxId(id)) void noteLost(id)
    },
    idle: refill,
    gaveUp: ({ id, name }, error) => {
      metrics.jobs.inc({ job: name, result: 'given_up' })
      logger.error({ ...causeOf(error), job: name, jobId: id }, 'a job was given up; see: idem jobs failed')
      if (isOutboxId(id)) void noteFailed(id, describeError(error))
    },
  }
}
