// The mailer over SMTP: tries one relay after the other until one accepts the mail.
import type { SendMailOptions } from 'nodemailer'
import type { Traces } from '../runtime/traces.js'
import { MailDeferred, type Mailer, type MailMessage, MailRefused } from './mailer.js'
import type { Sender } from './sender.js'
import { SmtpFailure } from './smtp-failure.js'
import { SmtpPool, type SmtpPoolSettings } from './smtp-pool.js'
import type { SmtpRelay } from './smtp-relay.js'

/** What the mailer works with. */
export interface SmtpMailerOptions extends SmtpPoolSettings {
  /** Tried in this order. */
  readonly relays: readonly SmtpRelay[]
  readonly from: Sender
  /** Given where traces are on. */
  readonly traces?: Traces | null
}

const control = /\p{Cc}/u
/** A second check beside the parser of addresses: keeps lists, names and quotes out of the header. */
const oneAddress = /^[^\s<>()[\]:;,@\\"]+@[^\s<>()[\]:;,@\\"]+$/
const oneMessageId = /^<[^\s<>@]+@[^\s<>@]+>$/

/** Throws for a value with a line break, which would add a header; it can only be caused by a bug. */
const assertHeaders = ({ to, subject, messageId }: MailMessage): void => {
  if (control.test(subject)) throw new Error('a subject with a control character')
  if (control.test(to) || !oneAddress.test(to)) throw new Error('a recipient that is not one address')
  if (!oneMessageId.test(messageId)) throw new Error('a Message-ID of the wrong form')
}

const compose = (message: MailMessage, from: Sender): SendMailOptions => ({
  envelope: { from: from.address, to: message.to },
  from: { name: from.name, address: from.address },
  to: { name: '', address: message.to },
  subject: message.subject,
  messageId: message.messageId,
  text: message.text,
  html: message.html,
  // RFC 3834 5 prevents automatic replies; RFC 3282 names the language.
  headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': message.locale },
  xMailer: false,
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Sends mails over SMTP. Does not log; its errors have all information, without addresses. */
export class SmtpMailer implements Mailer {
  readonly #pools: readonly SmtpPool[]
  readonly #from: Sender
  readonly #traces: Traces | null
  readonly #underWay = new Set<Promise<unknown>>()

  constructor({ relays, from, traces = null, ...settings }: SmtpMailerOptions) {
    const heloName = from.address.slice(from.address.lastIndexOf('@') + 1)
    this.#pools = relays.map((relay) => new SmtpPool(relay, settings, heloName))
    this.#from = from
    this.#traces = traces
  }

  async send(message: MailMessage): Promise<{ readonly reply: string }> {
    assertHeaders(message)
    const sending = this.#sendByAny(compose(message, this.#from))
    this.#underWay.add(sending)
    try {
      return { reply: await sending }
    } finally {
      this.#underWay.delete(sending)
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    for (const pool of this.#pools) pool.close()
  }

  async #sendByAny(mail: SendMailOptions): Promise<string> {
    const failures: string[] = []
    for (const pool of this.#inOrder()) {
      const result = await this.#sendBy(pool, mail).catch((error: unknown) => {
        if (error instanceof SmtpFailure) return error
        throw error
      })
      if (typeof result === 'string') return result
      if (result.verdict === 'refused') throw new MailRefused(result.reply)
      failures.push(`${pool.name}: ${result.reply}`)
      // This relay may have accepted the mail, so another one could send it a second time.
      if (result.verdict === 'uncertain') break
    }
    throw new MailDeferred(failures.join('; '))
  }

  /** Sends by one relay. Its span names the relay, and nothing of the mail. */
  async #sendBy(pool: SmtpPool, mail: SendMailOptions): Promise<string> {
    if (this.#traces === null) return await pool.send(mail)
    const attributes = { 'server.address': pool.name, 'network.protocol.name': 'smtp' }
    return await this.#traces.within({ name: 'smtp send', kind: 'client', attributes }, () => pool.send(mail))
  }

  /** The relays in the operator's order, with those that have just failed at the end. */
  #inOrder(): SmtpPool[] {
    return this.#pools.toSorted((one, other) => Number(one.isAvoided) - Number(other.isAvoided))
  }
}
