// The interface of mailers: a mail ready to be sent, and the two kinds of failure.
import { LoggableError } from '../failure.js'
import type { Locale } from './locale.js'

/** One mail to one address, ready to be sent. */
export interface MailMessage {
  /** `<id@domain>`, the same however often the mail is sent, so that a repeat can be recognised (RFC 5322 3.6.4). */
  readonly messageId: string
  /** One canonical address, its domain by A-labels. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly locale: Locale
}

/** Sends mails. */
export interface Mailer {
  /**
   * Resolves with the server's reply once an SMTP server has accepted the mail. Throws `MailRefused` or `MailDeferred`.
   */
  send(message: MailMessage): Promise<{ readonly reply: string }>
  /** Waits for mails that are being sent, and closes all connections. */
  close(): Promise<void>
}

/** A server refused the mail or the address permanently, so it is not tried again. */
export class MailRefused extends LoggableError {
  override readonly name = 'MailRefused'

  /** `reply` is the server's reply without addresses. */
  constructor(readonly reply: string) {
    super(`refused: ${reply}`)
  }
}

/**
 * No server accepted the mail this time, or its acknowledgement was lost. It is to be tried again later, because the
 * address is not the cause.
 */
export class MailDeferred extends LoggableError {
  override readonly name = 'MailDeferred'

  /** `reply` is a server's reply, or the problem of the connection, without addresses. */
  constructor(readonly reply: string) {
    super(`deferred: ${reply}`)
  }
}
