// What an operator can do about a relay that cannot be used as SMTP_URL says.
import type { NodemailerError } from 'nodemailer'
import { wordsOf } from '../runtime/error-words.js'

const authority = 'NODE_EXTRA_CA_CERTS names the file of its authority'
const login = 'correct the user and the password in SMTP_URL, where : / @ % , are written %3A %2F %40 %25 %2C'

/** By Node's and OpenSSL's codes. */
const remediesOfTls: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: authority,
  SELF_SIGNED_CERT_IN_CHAIN: authority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: authority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: authority,
  CERT_HAS_EXPIRED: 'the server needs a new one',
  ERR_TLS_CERT_ALTNAME_INVALID: 'write the name of the certificate into SMTP_URL, or behind ?tls.servername=',
  ERR_SSL_WRONG_VERSION_NUMBER: 'write smtp:// for a port that begins in plain text, such as 587',
  ECONNREFUSED: 'correct host and port in SMTP_URL',
}

/** By nodemailer's codes, where there is no better one. */
const remedies: Readonly<Record<string, string>> = {
  EAUTH: login,
  ENOAUTH: login,
  EDNS: 'correct the host in SMTP_URL',
}

/** Authentication is required, and encryption is (RFC 4954 6, RFC 3207 4). */
const [wantsLogin, wantsTls] = [530, 538]

/** The server does not know the command AUTH (RFC 5321 4.2.4). */
const noAuth: ReadonlySet<number> = new Set([500, 502, 503])

/** The words for the problem of a connection, better than nodemailer's; undefined if there are none. */
export const smtpWordsOf = ({
  code,
  originalCode,
  command,
  message,
}: NodemailerError): string | undefined => {
  if (code === 'ETIMEDOUT' && command === 'CONN' && message.startsWith('Greeting'))
    return 'timed out before the greeting'
  if (code === 'ETLS' && command === 'STARTTLS') return 'the server offers no STARTTLS'
  const words = wordsOf(originalCode, '')
  return words?.split(';')[0]
}

/** What to do, in words for the operator; undefined if nothing is known. */
export const smtpRemedyOf = (error: NodemailerError): string | undefined => {
  const { code = '', originalCode = '', command, responseCode } = error
  if (code === 'ETIMEDOUT' && command === 'CONN')
    return 'write smtps:// for a port that begins with TLS, such as 465, and see firewalls between'
  if (code === 'ETLS' && command === 'STARTTLS')
    return 'use a port that encrypts (smtps://), or allow plain text by ?requireTLS=false'
  if (responseCode === wantsLogin || responseCode === wantsTls)
    return 'put user and password into SMTP_URL, and ?requireTLS=true where the server wants encryption first'
  if (code === 'EAUTH' && responseCode !== undefined && noAuth.has(responseCode))
    return 'the server offers no login there: use its port for submission, or take user and password out of SMTP_URL'
  return remediesOfTls[originalCode] ?? remedies[code]
}
