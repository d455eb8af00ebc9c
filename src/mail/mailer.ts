// The mailer: what a mail is when it leaves, and the two ways in which sending it can fail.
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
   * Resolves with the server's reply once an SMTP server has acknowledged the mail. Throws `MailRefused` or
   * `MailDeferred`.
   */
  send(message: MailMessage): Promise<{ readonly reply: string }>
  /** Waits for the mails under way and ends all connections. */
  close(): Promise<void>
}

/** A server does not want this mail or does not know this address: trying again would change nothing. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused'

  /** `reply` is what the server said, without addresses. */
  constructor(readonly reply: string) {
    super(`refused: ${reply}`)
  }
}

/**
 * No server took the mail this time; or one did and could not say so any more. It is to be tried again later: the
 * address is not at fault.
 */
export class MailDeferred extends Error {
  override readonly name = 'MailDeferred'

  /** `reply` is what a server said, or what is wrong with the way to it, without addresses. */
  constructor(readonly reply: string) {
    super(`deferred: ${reply}`)
  }
}
