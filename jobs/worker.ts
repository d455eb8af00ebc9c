// The worker: relays the outbox, does the jobs, schedules those that come again, and lets those under way finish.
import { setTimeout as sleep } from 'node:timers/promises'
import { createMailbox } from '../src/mail/mailbox.js'
import type { Mailer } from '../src/mail/mailer.js'
import { defaultSender } from '../src/mail/sender.js'
import { SmtpMailer } from '../src/mail/smtp-mailer.js'
import type { JobName, JobPayloads } from '../src/queue/job.js'
import { type JobHandler, JobQueue } from '../src/queue/job-queue.js'
import { JobPostponed, type RunningJob } from '../src/queue/running-job.js'
import type { Foundation, ServiceOptions } from '../src/service.js'
import { DoneJobs } from './done-jobs.js'
import { OutboxRelay } from './outbox-relay.js'
import { createProcessors } from './processors.js'

/** A running worker. */
export interface Worker {
  /** True when what carries the queue answers. */
  queueAnswers(): Promise<boolean>
  /** Takes no more jobs, lets those under way finish, closes what it opened. */
  stop(): Promise<void>
}

/** What carries the queue may come later than we; it is tried again this often, in milliseconds. */
const retryMilliseconds = 1_000
/** How often the depth of the queue is looked up for the metrics, in milliseconds. */
const depthMilliseconds = 10_000

/** Scheduled jobs have ids of the scheduler's, and come again by themselves. */
const isOutboxId = (id: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)

const openMailer = ({ settings, logger, publicUrl }: ServiceOptions): Mailer => {
  const { relays, from, ...pool } = settings.mail
  if (relays !== null) return new SmtpMailer({ ...pool, relays, from: from ?? defaultSender(publicUrl) })
  const pageUrl = `${publicUrl}/mailbox`
  logger.info({ mailbox: pageUrl }, `SMTP_URL is not set: mails land in ${pageUrl}`)
  return createMailbox(logger, pageUrl)
}

/**
 * Starts a worker on a database whose migrations have been applied. Closing the foundation is left to its opener. Throws
 * when the database is away and carries the queue.
 */
export const startWorker = async (options: ServiceOptions, foundation: Foundation): Promise<Worker> => {
  const { settings, random, logger, publicUrl, requestScope, databaseUrl } = options
  const { metrics, outbox, ownCall, notifications } = foundation
  const mailer = openMailer(options)
  const queue = new JobQueue({ settings: settings.queue, databaseUrl, random, logger })
  const relay = new OutboxRelay({ outbox, queue, notifications, logger, ownCall })
  const doneJobs = new DoneJobs({ outbox, logger, ownCall })
  const processors = createProcessors({
    ...foundation,
    mailer,
    random,
    logger,
    publicUrl,
    leadSeconds: settings.tokens.signingKeyLeadSeconds,
    signingKeyDays: settings.tokens.signingKeyDays,
    keptFor: {
      endedSessionDays: settings.sessions.endedSessionDays,
      challengeHours: settings.challenges.keptHours,
      mailDays: settings.mail.keptDays,
      doneJobDays: settings.outbox.doneJobDays,
      idleGuestDays: settings.accounts.idleGuestDays,
    },
  })

  /** `RunningJob` pairs each name with its payload; the compiler cannot follow that through the table. */
  const run = async <N extends JobName>(job: RunningJob & { readonly name: N }): Promise<void> => {
    await processors[job.name](ownCall(), job.payload as JobPayloads[N], job)
  }

  const handler: JobHandler = {
    process: async (job) =>
      await requestScope.run(job.id, async () => {
        const stopTimer = metrics.jobSeconds.startTimer({ job: job.name })
        try {
          await run(job)
          if (isOutboxId(job.id)) doneJobs.add(job.id)
          metrics.jobs.inc({ job: job.name, result: 'done' })
        } catch (error) {
          const isPostponed = error instanceof JobPostponed
          metrics.jobs.inc({ job: job.name, result: isPostponed ? 'postponed' : 'failed' })
          if (!isPostponed) logger.warn({ err: error, job: job.name }, 'a job failed; it is tried again')
          throw error
        } finally {
          stopTimer()
        }
      }),
    gaveUp: ({ id, name }, error) => {
      metrics.jobs.inc({ job: name, result: 'given_up' })
      logger.error({ err: error, job: name, jobId: id }, 'a job was given up; see: idem jobs failed')
      if (isOutboxId(id)) void untilDone(() => outbox.noteFailed(ownCall(), id, error.message))
    },
  }

  let isStopped = false
  /** Repeats what the database or the queue being away keeps from being done. */
  const untilDone = async (work: () => Promise<void>): Promise<void> => {
    while (!isStopped)
      try {
        return await work()
      } catch (error) {
        logger.debug({ err: error }, 'not possible just now; it is tried again')
        await sleep(retryMilliseconds, undefined, { ref: false })
      }
  }
  const lookAtDepth = async (): Promise<void> => {
    const [inOutbox, inQueue] = [await outbox.count(ownCall()), await queue.depth()]
    metrics.queuedJobs.set({ state: 'outbox' }, inOutbox.waiting)
    metrics.queuedJobs.set({ state: 'failed' }, inOutbox.failed)
    for (const [state, count] of Object.entries(inQueue)) metrics.queuedJobs.set({ state }, count)
  }

  queue.work(handler)
  await queue.ready().catch(async (error: unknown) => {
    await queue.close()
    throw error
  })
  relay.start()
  void untilDone(async () => {
    await queue.schedule({ name: 'purge-expired', payload: {} }, settings.queue.purgeSchedule)
    await queue.schedule({ name: 'rotate-signing-key', payload: {} }, settings.queue.signingKeySchedule)
  })
  const depthTimer = setInterval(() => void lookAtDepth().catch(() => undefined), depthMilliseconds)
  await notifications.start()
  return {
    queueAnswers: () => queue.answers(),
    stop: async () => {
      clearInterval(depthTimer)
      await relay.stop()
      await queue.close()
      isStopped = true
      await doneJobs.flush()
      await mailer.close()
    },
  }
}
