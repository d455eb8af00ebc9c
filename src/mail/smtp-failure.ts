// A failure to send a mail to an SMTP relay, and its meaning for the mail and the relay.

import type { NodemailerError } from 'nodemailer'
import { LoggableError } from '../failure.js'
import { shownTextOf } from '../text/shown-text.js'
import { smtpRemedyOf, smtpWordsOf } from './smtp-remedy.js'

/**
 * The meaning of a failure. `refused`: the relay permanently refuses the mail or address. `declined`: temporarily;
 * another relay may accept it. `unavailable`: the relay accepts no mails, or none from us. `uncertain`: it may have
 * accepted the mail.
 */
export type SmtpVerdict = 'refused' | 'declined' | 'unavailable' | 'uncertain'

/**
 * Replies about authentication and encryption (RFC 4954 6, RFC 3207 4), which are the operator's problem, not the
 * address's.
 */
const authenticationReplies = [530, 534, 535, 538]
/** "Too much mail data" (RFC 1870 6.1), the only reply to MAIL FROM that is about the mail. */
const tooLargeReply = 552
/** "Closing the connection", to any command (RFC 5321 4.2.3). */
const closingReply = 421

/** Longest reply that is stored, in characters: one line of a log or page. */
const longestReply = 200

/** The problem in words if there is no reply, by nodemailer's codes. */
const wordsOf: Readonly<Record<string, string>> = {
  EAUTH: 'authentication failed',
  ECONNECTION: 'the connection was closed',
  EDNS: 'the host name was not found',
  ENOAUTH: 'authentication failed',
  ESOCKET: 'the connection failed',
  ETIMEDOUT: 'timed out',
  ETLS: 'TLS failed',
}

/** A server's reply in one line, without the addresses that servers often repeat. */
export const safeReply = (raw: string): string =>
  shownTextOf(raw.replace(/[^\s<>]+@[^\s<>]+/g, '[address]'), longestReply) ?? ''

/** A failure at one relay. It has no cause, because nodemailer's errors contain the recipient. */
export class SmtpFailure extends LoggableError {
  override readonly name = 'SmtpFailure'

  constructor(
    readonly verdict: SmtpVerdict,
    /** The relay's reply, or the problem of the connection, without addresses. */
    readonly reply: string,
  ) {
    super(`${verdict}: ${reply}`)
  }
}

const verdictOf = (error: NodemailerError, began: boolean): SmtpVerdict => {
  const { code, command, permanent, responseCode: reply } = error
  // Once the text is being sent, only a reply to the mail itself is a certain result.
  if (began && code !== 'EMESSAGE') return 'uncertain'
  const aboutMail = command === 'RCPT TO' || command === 'DATA' || reply === tooLargeReply
  if (reply === undefined || !aboutMail || reply === closingReply || authenticationReplies.includes(reply))
    return 'unavailable'
  return permanent === true ? 'refused' : 'declined'
}

/** A reply to the login may repeat what it answers: the user and the password. */
const isAboutLogin = ({ code, command }: NodemailerError): boolean =>
  code === 'EAUTH' || command?.startsWith('AUTH') === true

/** The status of a reply and its enhanced status (RFC 3463), such as `535 5.7.8`, without its text. */
const statusOf = ({ response }: NodemailerError): string | undefined => {
  const status = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3}(?= |$))?/.exec(response ?? '')?.[0]
  return status === undefined ? undefined : `authentication failed, ${status.replace('-', ' ')}`
}

/** The failure for nodemailer's `error`. `began`: whether sending the mail's text had begun. */
export const smtpFailureOf = (error: NodemailerError, began: boolean): SmtpFailure => {
  const words = smtpWordsOf(error) ?? wordsOf[error.code ?? ''] ?? 'sending failed'
  const reply = isAboutLogin(error) ? statusOf(error) : error.response
  const said = safeReply(reply ?? [words, error.originalCode].filter((part) => part !== undefined).join(', '))
  const remedy = smtpRemedyOf(error)
  return new SmtpFailure(verdictOf(error, began), remedy === undefined ? said : `${said}; ${remedy}`)
}
