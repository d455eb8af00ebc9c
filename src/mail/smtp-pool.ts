// The pool of one relay: its open connections, and whether it is worth trying just now.
import type { Readable } from 'node:stream'
import {
  createTransport,
  type SendMailOptions,
  type SMTPPoolOptions,
  type SMTPPoolSentMessageInfo,
  type Transport,
  type Transporter,
} from 'nodemailer'
import SMTPPool from 'nodemailer/lib/smtp-pool'
import { SmtpFailure, safeReply, smtpFailureOf } from './smtp-failure.js'
import type { SmtpRelay } from './smtp-relay.js'

/** A relay that failed is tried last for this long, so that not each mail waits for its time-out. */
const avoidedMilliseconds = 30_000
/** A connection that the server closed while it was idle costs one more try, on a new one. */
const triesOnNewConnection = 1
/** A server that does not close its side after our goodbye is not waited for longer. */
const goodbyeMilliseconds = 1000

/** How a pool connects. */
export interface SmtpPoolSettings {
  readonly connectionsPerRelay: number
  readonly connectSeconds: number
  readonly silenceSeconds: number
}

const optionsOf = (relay: SmtpRelay, settings: SmtpPoolSettings, heloName: string): SMTPPoolOptions => ({
  host: relay.host,
  port: relay.port,
  name: heloName,
  secure: relay.implicitTls,
  requireTLS: relay.requireTls,
  tls: { rejectUnauthorized: !relay.trustAnyCertificate },
  ...(relay.credentials === null
    ? {}
    : { auth: { user: relay.credentials.user, pass: relay.credentials.password.reveal() } }),
  maxConnections: settings.connectionsPerRelay,
  maxRequeues: triesOnNewConnection,
  connectionTimeout: settings.connectSeconds * 1000,
  greetingTimeout: settings.connectSeconds * 1000,
  socketTimeout: settings.silenceSeconds * 1000,
  socketCloseTimeout: goodbyeMilliseconds,
})

/** nodemailer's pool, which tells beside an error whether the mail's text had begun to go out. */
const asTransport = (pool: SMTPPool): Transport<SMTPPoolSentMessageInfo> => ({
  name: pool.name,
  version: pool.version,
  send: (mail, callback) => {
    let text: Readable | null = null
    mail.message.processFunc((input) => {
      text = input
      return input
    })
    const began = (): boolean => text?.readableDidRead === true
    pool.send(mail, (error, info) => callback(error === null ? null : smtpFailureOf(error, began()), info))
  },
})

/** The connections to one relay. */
export class SmtpPool {
  readonly #pool: SMTPPool
  readonly #transporter: Transporter<SMTPPoolSentMessageInfo>
  /** On the monotonic clock, in milliseconds: it measures the relay and not the time of day. */
  #avoidedUntil = Number.NEGATIVE_INFINITY
  /** Mails that have a connection, or are getting one. */
  #sending = 0
  /** Mails that wait for one of them to end. */
  readonly #waiting: (() => void)[] = []

  /** `heloName` is what we call ourselves (RFC 5321 4.1.1.1). */
  constructor(
    private readonly relay: SmtpRelay,
    private readonly settings: SmtpPoolSettings,
    heloName: string,
  ) {
    this.#pool = new SMTPPool(optionsOf(relay, settings, heloName))
    this.#transporter = createTransport(asTransport(this.#pool))
  }

  /** `host:port`, for messages. */
  get name(): string {
    return `${this.relay.host}:${this.relay.port}`
  }

  /** True for a while after it failed. */
  get isAvoided(): boolean {
    return performance.now() < this.#avoidedUntil
  }

  /** Resolves with the relay's reply once it has taken the mail. Throws `SmtpFailure`. */
  async send(mail: SendMailOptions): Promise<string> {
    await this.#takePlace()
    try {
      const { response } = await this.#transporter.sendMail(mail)
      this.#avoidedUntil = Number.NEGATIVE_INFINITY
      return safeReply(response)
    } catch (error) {
      if (error instanceof SmtpFailure && (error.verdict === 'unavailable' || error.verdict === 'uncertain'))
        this.#avoidedUntil = performance.now() + avoidedMilliseconds
      throw error
    } finally {
      this.#sending -= 1
      this.#waiting.shift()?.()
    }
  }

  /**
   * Waits here and not in nodemailer's queue: when the relay fails meanwhile, whoever waits goes on to the next one
   * rather than to a time-out of its own.
   */
  async #takePlace(): Promise<void> {
    if (this.#sending >= this.settings.connectionsPerRelay) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
      if (this.isAvoided) {
        this.#waiting.shift()?.()
        throw new SmtpFailure('unavailable', 'failed just now')
      }
    }
    this.#sending += 1
  }

  /** Ends the connections; those that are sending finish first. */
  close(): void {
    this.#pool.close()
  }
}
