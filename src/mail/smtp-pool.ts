// The connection pool of one relay, which also remembers whether the relay has just failed.
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

/** A relay that failed is tried last for this long, so that not every mail waits for its time-out. */
const avoidedMilliseconds = 30_000
/** If the server closed an idle connection, the mail is tried once more on a new one. */
const triesOnNewConnection = 1
/** How long a server may take to close a connection after QUIT. */
const goodbyeMilliseconds = 1000

/** The settings of a pool's connections. */
export interface SmtpPoolSettings {
  readonly connectionsPerRelay: number
  readonly connectSeconds: number
  readonly silenceSeconds: number
}

/** What nodemailer connects with. `heloName` is the name of this client, if the relay has none for it. */
export const smtpOptionsOf = (
  relay: SmtpRelay,
  settings: SmtpPoolSettings,
  heloName: string,
): SMTPPoolOptions => ({
  host: relay.host,
  port: relay.port,
  name: relay.heloName ?? heloName,
  secure: relay.implicitTls,
  requireTLS: relay.requireTls,
  ignoreTLS: relay.ignoreTls,
  tls: {
    rejectUnauthorized: !relay.trustAnyCertificate,
    ...(relay.serverName === null ? {} : { servername: relay.serverName }),
    ...(relay.minTlsVersion === null ? {} : { minVersion: relay.minTlsVersion }),
  },
  ...(relay.credentials === null
    ? {}
    : { auth: { user: relay.credentials.user, pass: relay.credentials.password.reveal() } }),
  // Over TLS also where the server offers no login, because the mail would otherwise go out without one. In plain text
  // the password is not sent to a server that has not asked for it.
  forceAuth: relay.credentials !== null && (relay.implicitTls || relay.requireTls),
  maxConnections: settings.connectionsPerRelay,
  maxRequeues: triesOnNewConnection,
  connectionTimeout: settings.connectSeconds * 1000,
  greetingTimeout: settings.connectSeconds * 1000,
  socketTimeout: settings.silenceSeconds * 1000,
  socketCloseTimeout: goodbyeMilliseconds,
})

/** Wraps nodemailer's pool, so that an error has the information whether sending the mail's text had begun. */
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
  /** Number of mails that have or open a connection. */
  #sending = 0
  /** Mails that wait for a connection. */
  readonly #waiting: (() => void)[] = []

  /** `heloName` is the name of this client (RFC 5321 4.1.1.1). */
  constructor(
    private readonly relay: SmtpRelay,
    private readonly settings: SmtpPoolSettings,
    heloName: string,
  ) {
    this.#pool = new SMTPPool(smtpOptionsOf(relay, settings, heloName))
    this.#transporter = createTransport(asTransport(this.#pool))
  }

  /** `host:port`, for messages. */
  get name(): string {
    return `${this.relay.host}:${this.relay.port}`
  }

  /** True for a time after a failure. */
  get isAvoided(): boolean {
    return performance.now() < this.#avoidedUntil
  }

  /** Resolves with the relay's reply once it has accepted the mail. Throws `SmtpFailure`. */
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
   * Waits here instead of in nodemailer's queue, so that waiting mails go to the next relay when this one fails, and do
   * not each wait for a time-out.
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

  /** Closes the connections after mails that are being sent. */
  close(): void {
    this.#pool.close()
  }
}
