// The settings of mail: the servers that take it, the sender, and the operator's own templates.
import { isLoopback } from '../config/loopback.js'
import { commaList, type ParseContext, SettingProblem, text, wholeNumber } from '../config/setting.js'
import { parseSender, type Sender } from './sender.js'
import { parseSmtpUrl, type SmtpRelay } from './smtp-relay.js'

const parseRelay = (raw: string, { production }: ParseContext): SmtpRelay => {
  const relay = parseSmtpUrl(raw)
  if (!production || !relay.trustAnyCertificate) return relay
  throw new SettingProblem(
    'must not switch off tls.rejectUnauthorized in production; NODE_EXTRA_CA_CERTS names the authority of your own certificates',
  )
}

/** The same for one of several, whose problem says which one it is about. */
const parseRelayOf = (urls: readonly string[], index: number, context: ParseContext): SmtpRelay => {
  try {
    return parseRelay(urls[index] ?? '', context)
  } catch (error) {
    if (!(error instanceof SettingProblem) || urls.length === 1) throw error
    throw new SettingProblem(`${error.message} (server ${index + 1} of ${urls.length})`)
  }
}

const parseRelays = (raw: string | undefined, context: ParseContext): readonly SmtpRelay[] | null => {
  const urls = commaList(raw)
  if (urls.length > 0) return urls.map((_, index) => parseRelayOf(urls, index, context))
  if (context.production)
    throw new SettingProblem('must be set in production, e.g. smtp://idem:…@smtp.example.org:587')
  const host = context.other('IDEM_HOST') ?? '127.0.0.1'
  if (!isLoopback(host))
    throw new SettingProblem(
      `must be set where others connect (IDEM_HOST is ${host}): without it, anybody reads all mails in /mailbox`,
    )
  const reason = whyUnread(context)
  if (reason !== null)
    throw new SettingProblem(
      `must be set, because nobody could read the mails: /mailbox is for this machine alone, and ${reason}`,
    )
  return null
}

/** Why /mailbox is not served; null if it is. The rule is that of `mailboxUrlOf`. */
const whyUnread = ({ other }: ParseContext): string | null => {
  const publicUrl = other('IDEM_PUBLIC_URL')
  if (publicUrl !== undefined && URL.canParse(publicUrl) && !isLoopback(new URL(publicUrl).hostname))
    return 'IDEM_PUBLIC_URL is another one'
  return commaList(other('IDEM_TRUSTED_PROXIES')).length > 0 ? 'IDEM_TRUSTED_PROXIES lets others in' : null
}

const parseFrom = (raw: string | undefined): Sender | null => {
  const sender = raw === undefined ? null : parseSender(raw)
  if (raw !== undefined && sender === null)
    throw new SettingProblem(`must be a sender such as Idem <no-reply@id.example.org>, not "${raw}"`)
  return sender
}

/** Settings of the mail room. */
export const mailSettings = {
  relays: text(
    'SMTP_URL',
    'Comma list of SMTP servers as URLs, each tried when those before it fail; a password needs TLS unless `?requireTLS=false`',
    {
      defaultText: 'none: mails land in /mailbox (development, on your own machine)',
      secret: true,
      parse: parseRelays,
    },
  ),
  from: text('IDEM_MAIL_FROM', 'Sender of the mails', {
    defaultText: 'Idem <no-reply@ the host of IDEM_PUBLIC_URL>',
    parse: parseFrom,
  }),
  templates: text(
    'IDEM_MAIL_TEMPLATES',
    'Folder of your own mail templates, which replace those of Idem with the same name',
    {
      defaultText: 'none',
      parse: (raw): string | null => raw ?? null,
    },
  ),
  connectionsPerRelay: wholeNumber(
    'IDEM_SMTP_CONNECTIONS',
    'Most connections of a process to an SMTP server',
    { default: 5, least: 1, most: 100 },
  ),
  connectSeconds: wholeNumber(
    'IDEM_SMTP_CONNECT_SECONDS',
    'How long connecting to an SMTP server and its greeting may take, in seconds',
    { default: 10, least: 1, most: 300 },
  ),
  // RFC 5321 4.5.3.2.6 grants ten minutes after the mail: a client that waits less may send a mail twice.
  silenceSeconds: wholeNumber(
    'IDEM_SMTP_TIMEOUT_SECONDS',
    'How long an SMTP server may take for a reply after its greeting, in seconds; if too short, a mail can be sent twice',
    { default: 60, least: 1, most: 600 },
  ),
  keptDays: wholeNumber('IDEM_MAIL_DAYS', 'How long the address and the state of a mail are kept, in days', {
    default: 30,
    least: 1,
    most: 3_650,
  }),
  knownNetworkDays: wholeNumber(
    'IDEM_KNOWN_NETWORK_DAYS',
    'How long it is known that an address was proven from a network, in days',
    { default: 90, least: 1, most: 3_650 },
  ),
  mailsPerDomain: wholeNumber(
    'IDEM_MAILS_PER_DOMAIN',
    'Mails to one domain in 10 seconds, over all processes; one network gets at most half of them',
    { default: 200, least: 1, most: 1_000_000 },
  ),
  asksPerMailbox: wholeNumber(
    'IDEM_THROTTLE_MAILS_PER_SUBJECT',
    'Mails to one mailbox that one network, or one account, may ask for in 15 minutes; strangers together get 5 to a mailbox',
    { default: 4, least: 1, most: 1_000_000_000 },
  ),
  asksPerNetwork: wholeNumber(
    'IDEM_THROTTLE_MAILS_PER_SOURCE',
    'Mails that one network may ask for in 15 minutes',
    { default: 600, least: 1, most: 1_000_000_000 },
  ),
}
