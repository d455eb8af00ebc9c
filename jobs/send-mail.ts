// Sends one mail: at most once as far as can be known, again while no server accepts it, never if it is too late or its
// limit is exceeded.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../src/database/call.js'
import { isDatabaseAway } from '../src/database/storage-errors.js'
import type { Mail } from '../src/mail/mail.js'
import type { MailLines } from '../src/mail/mail-lines.js'
import { MailDeferred, type Mailer, type MailMessage, MailRefused } from '../src/mail/mailer.js'
import type { Mails, SettledState } from '../src/mail/mails.js'
import { type ComposeMailNeeds, composeMail } from '../src/mailbox/compose-mail.js'
import { JobPostponed } from '../src/queue/running-job.js'
import type { Metrics } from '../src/runtime/metrics.js'
import type { Random } from '../src/runtime/random.js'

/** What `sendMail` works with. */
export interface SendMailNeeds extends ComposeMailNeeds {
  readonly mails: Mails
  readonly mailer: Mailer
  readonly mailLines: MailLines
  readonly metrics: Metrics
  readonly random: Random
  /** A call of the process's own, as of now. */
  readonly ownCall: () => Call
}

/** The lease ends this long after its worker has died; a running worker renews it earlier. In milliseconds. */
const [leaseMilliseconds, prolongMilliseconds] = [6_000, 2_000]
/** Wait between two attempts to store a server's reply while the database cannot be reached, in milliseconds. */
const noteMilliseconds = 250

/**
 * Sends the mail with this id unless it is settled. Throws `MailDeferred` or `JobPostponed` if it is to be tried again.
 */
export const sendMail = async (call: Call, id: string, needs: SendMailNeeds): Promise<void> => {
  // 1 lease it, so that no other try sends it meanwhile
  const by = needs.random.uuid()
  const mail = await needs.mails.lease(call, { id, by, until: after(call.now, leaseMilliseconds) })
  if (mail === null) return await leaveToLessee(call, id, needs)
  // 2 compose it, unless it is too late
  const composed = await composeMail(call, mail, needs)
  if (composed === null || !composed.isTimely) return await settle(mail, 'withheld', 'too late', needs)
  // 3 wait for its turn: the mails to a mailbox in 15 minutes and to a domain in 10 seconds are limited
  const turn = await needs.mailLines.turnOf(call, { mail, until: composed.timelyUntil })
  if (turn.kind === 'never') return await settle(mail, 'withheld', 'too many mails to this mailbox', needs)
  if (turn.kind === 'later') return await postpone(call, { mail, by, until: turn.at }, needs)
  // 4 renew the lease if the steps before took long
  const isLate = needs.ownCall().now > after(call.now, prolongMilliseconds)
  if (isLate && !(await prolong({ mail, by }, needs))) return await leaveToLessee(call, id, needs)
  // 5 send it and store the result
  await deliver({ mail, by, message: composed.message }, needs)
}

const after = (now: Date, milliseconds: number): Date => new Date(now.getTime() + milliseconds)

/** The mail is settled, or leased to another try, whose worker may have died. */
const leaveToLessee = async (call: Call, id: string, needs: SendMailNeeds): Promise<void> => {
  const mail = await needs.mails.find(call, id)
  // If it was released a moment ago, it is free now.
  if (mail?.settledAt === null) throw new JobPostponed(mail.leasedUntil ?? call.now)
}

interface Lessee {
  readonly mail: Mail
  readonly by: string
}

/** The mail waits without having failed. */
const postpone = async (
  call: Call,
  { mail, by, until }: Lessee & { readonly until: Date },
  needs: SendMailNeeds,
): Promise<never> => {
  await needs.mails.release(call, mail.id, { by, state: 'queued', reply: 'waits for its turn' })
  throw new JobPostponed(until)
}

const prolong = async ({ mail, by }: Lessee, { mails, ownCall }: SendMailNeeds): Promise<boolean> => {
  const call = ownCall()
  return await mails.prolong(call, { id: mail.id, by, until: after(call.now, leaseMilliseconds) })
}

const deliver = async (
  { mail, by, message }: Lessee & { readonly message: MailMessage },
  needs: SendMailNeeds,
): Promise<void> => {
  // If the database cannot be reached, no other try can lease the mail either.
  const timer = setInterval(
    () => void prolong({ mail, by }, needs).catch(() => undefined),
    prolongMilliseconds,
  )
  try {
    const { state, reply } = await tryToSend({ mail, by, message }, needs)
    await settle(mail, state, reply, needs)
  } finally {
    clearInterval(timer)
  }
}

/** The final result of sending. If it is to be tried again, releases the mail and throws. */
const tryToSend = async (
  { mail, by, message }: Lessee & { readonly message: MailMessage },
  needs: SendMailNeeds,
): Promise<{ readonly state: SettledState; readonly reply: string }> => {
  try {
    return { state: 'sent', reply: (await needs.mailer.send(message)).reply }
  } catch (error) {
    if (error instanceof MailRefused) return { state: 'refused', reply: error.reply }
    const reply = error instanceof MailDeferred ? error.reply : 'it could not be sent'
    needs.metrics.mails.inc({ result: 'deferred' })
    await needs.mails.release(needs.ownCall(), mail.id, { by, state: 'deferred', reply })
    throw error
  }
}

/** Stores the result, repeatedly until the database can be reached, because the mail would otherwise be sent twice. */
const settle = async (
  mail: Mail,
  state: SettledState,
  reply: string,
  needs: SendMailNeeds,
): Promise<void> => {
  for (;;) {
    try {
      await needs.mails.settle(needs.ownCall(), mail.id, { state, reply })
      needs.metrics.mails.inc({ result: state })
      return
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      await sleep(noteMilliseconds)
    }
  }
}
