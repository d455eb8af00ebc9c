// A failure to hand a mail to one SMTP relay: what it means for the mail, and for the relay.
import type { NodemailerError } from 'nodemailer'
import { shownTextOf } from '../text/shown-text.js'

/**
 * What a failure means. `refused`: the relay wants this mail or address never. `declined`: not now, another may take it.
 * `unavailable`: the relay takes nothing just now, or not from us. `uncertain`: nobody knows whether it took the mail.
 */
export type SmtpVerdict = 'refused' | 'declined' | 'unavailable' | 'uncertain'

/** "Authenticate first", "too weak", "wrong", "encrypt first" (RFC 4954 6, RFC 3207 4): the operator's matter, never the address's. */
const authenticationReplies = [530, 534, 535, 538]
/** "Too much mail data" (RFC 1870 6.1): of the replies to the sender the only one that is about the mail. */
const tooLargeReply = 552
/** "Closing the connection", to any command (RFC 5321 4.2.3). */
const closingReply = 421

/** A reply fits a line of a log and of a page. In characters. */
const longestReply = 200

/** What is wrong where no server said it, by nodemailer's codes. */
const wordsOf: Readonly<Record<string, string>> = {
  EAUTH: 'authentication failed',
  ECONNECTION: 'the connection was closed',
  EDNS: 'the host name was not found',
  ENOAUTH: 'authentication failed',
  ESOCKET: 'the connection failed',
  ETIMEDOUT: 'timed out',
  ETLS: 'TLS failed',
}

/** A server's reply on one line, without the addresses that servers like to repeat. */
export const safeReply = (raw: string): string =>
  shownTextOf(raw.replace(/[^\s<>]+@[^\s<>]+/g, '[address]'), longestReply) ?? ''

/** A failure at one relay. It keeps no cause: nodemailer's errors hold the recipient. */
export class SmtpFailure extends Error {
  override readonly name = 'SmtpFailure'

  constructor(
    readonly verdict: SmtpVerdict,
    /** What the relay said, or what is wrong with the way to it, without addresses. */
    readonly reply: string,
  ) {
    super(`${verdict}: ${reply}`)
  }
}

const verdictOf = (error: NodemailerError, began: boolean): SmtpVerdict => {
  const { code, command, permanent, responseCode: reply } = error
  // What answers the mail itself is the one certain answer once its text is on the way.
  if (began && code !== 'EMESSAGE') return 'uncertain'
  const aboutMail = command === 'RCPT TO' || command === 'DATA' || reply === tooLargeReply
  if (reply === undefined || !aboutMail || reply === closingReply || authenticationReplies.includes(reply))
    return 'unavailable'
  return permanent === true ? 'refused' : 'declined'
}

/** What nodemailer's `error` means. `began`: whether any of the mail's text had been handed to the connection. */
export const smtpFailureOf = (error: NodemailerError, began: boolean): SmtpFailure => {
  const words = wordsOf[error.code ?? ''] ?? 'sending failed'
  const said = error.response ?? [words, error.originalCode].filter((part) => part !== undefined).join(', ')
  return new SmtpFailure(verdictOf(error, began), safeReply(said))
}
