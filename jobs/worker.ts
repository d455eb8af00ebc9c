// The worker: relays the outbox, runs jobs, keeps recurring ones scheduled, and lets running ones finish when it stops.
import { OperatorProblem } from '../src/failure.js'
import type { Foundation, ServiceOptions } from '../src/foundation.js'
import { createMailbox } from '../src/mail/mailbox.js'
import type { Mailer } from '../src/mail/mailer.js'
import { defaultSender } from '../src/mail/sender.js'
import { SmtpMailer } from '../src/mail/smtp-mailer.js'
import { mailboxUrlOf } from '../src/mailbox/mailbox-url.js'
import { RedisCheck } from '../src/queue/check-redis.js'
import { JobQueue } from '../src/queue/job-queue.js'
import { DoneJobs } from './done-jobs.js'
import { createJobHandler } from './job-handler.js'
import { OutboxRelay } from './outbox-relay.js'
import { createProcessors } from './processors.js'
import { watchQueue } from './watch-queue.js'
import { WebhookPlaces } from './webhook-places.js'
import { WebhookSweep } from './webhook-sweep.js'

/** A running worker. */
export interface Worker {
  /** True if the backend of the queue answers. */
  queueAnswers(): Promise<boolean>
  /** Takes no more jobs, waits for running ones, closes what it opened. */
  stop(): Promise<void>
}

const openMailer = (options: ServiceOptions): Mailer => {
  const { settings, logger, publicUrl, traces } = options
  const { relays, from, ...pool } = settings.mail
  if (relays !== null)
    return new SmtpMailer({ ...pool, relays, from: from ?? defaultSender(publicUrl), traces })
  const pageUrl = mailboxUrlOf(options)
  // The settings refuse it too; a program that passes other options learns it here.
  if (pageUrl === null) throw new OperatorProblem('SMTP_URL is not set, and nobody could read the mails.')
  logger.info(
    { mailbox: pageUrl },
    `SMTP_URL is not set: mails land in ${pageUrl}, which is for this machine alone`,
  )
  return createMailbox(logger, pageUrl)
}

/**
 * Starts a worker on a migrated database. The caller closes the foundation. Throws if the database is the backend of
 * the queue and cannot be reached, and `OperatorProblem` if it is a Redis that the queue can never use.
 */
export const startWorker = async (options: ServiceOptions, foundation: Foundation): Promise<Worker> => {
  const { settings, random, logger, publicUrl, requestScope, directUrl, traces } = options
  const { metrics, outbox, ownCall, notifications } = foundation
  const redisCheck = new RedisCheck(settings.queue.redisUrl, logger)
  await redisCheck.atStart()
  const mailer = openMailer(options)
  const queue = new JobQueue({
    settings: settings.queue,
    sameServer: foundation.database.sameServer,
    databaseUrl: directUrl,
    clock: options.clock,
    random,
    logger,
  })
  const relay = new OutboxRelay({ outbox, queue, notifications, logger, ownCall })
  const doneJobs = new DoneJobs({ outbox, logger, ownCall })
  // Half of the worker's jobs are left to others, such as mails.
  const webhookPlaces = new WebhookPlaces(Math.ceil(settings.queue.concurrency / 2))
  const sweep = new WebhookSweep({ ...foundation, random, logger })
  const processors = createProcessors({
    ...foundation,
    webhookPlaces,
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
      knownNetworkDays: settings.mail.knownNetworkDays,
      doneJobDays: settings.outbox.doneJobDays,
      webhookDays: settings.webhooks.keptDays,
      idleGuestDays: settings.accounts.idleGuestDays,
      handleQuarantineDays: settings.accounts.handleQuarantineDays,
      auditDays: settings.audit,
    },
    keptHandles: settings.operators.list.handles,
    operators: settings.operators.list,
  })

  const handler = createJobHandler({
    processors,
    doneJobs,
    outbox,
    metrics,
    logger,
    requestScope,
    traces,
    ownCall,
    refill: () => relay.refill(),
  })
  queue.work(handler)
  await queue.ready().catch(async (error: unknown) => {
    await queue.close()
    throw error
  })
  relay.start()
  const watch = watchQueue({ redisCheck, queue, outbox, metrics, logger, ownCall, settings: settings.queue })
  foundation.webhookEndpoints.follow()
  sweep.start()
  await notifications.start()
  return {
    queueAnswers: () => queue.answers(),
    stop: async () => {
      webhookPlaces.close()
      watch.stop()
      await sweep.stop()
      await relay.stop()
      await queue.close()
      await doneJobs.flush()
      await mailer.close()
    },
  }
}
