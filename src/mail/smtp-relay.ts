// An SMTP relay: a server that accepts our mails, parsed from its URL.
import { isLoopback } from '../config/loopback.js'
import { Secret } from '../tokens/secret.js'

/** A server, with its address, security and credentials. */
export interface SmtpRelay {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (RFC 8314 3.3), or by STARTTLS where the server offers it. */
  readonly implicitTls: boolean
  /** Never without TLS. */
  readonly requireTls: boolean
  /** Accepts any certificate; for tests, refused in production. */
  readonly trustAnyCertificate: boolean
  readonly credentials: { readonly user: string; readonly password: Secret } | null
}

/** Submission (RFC 6409 3.1), and submission over TLS (RFC 8314 7.3). */
const defaultPorts = { 'smtp:': 587, 'smtps:': 465 } as const

const isScheme = (protocol: string): protocol is keyof typeof defaultPorts => protocol in defaultPorts

const switches = ['requireTLS', 'tls.rejectUnauthorized']

/** The problem of a relay's URL. The message does not contain the URL, because it may have a password. */
export class SmtpUrlProblem extends Error {
  override readonly name = 'SmtpUrlProblem'
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SmtpUrlProblem('has a user or password with a % that encodes nothing; % itself is written %25')
  }
}

const credentialsOf = ({ username, password }: URL): SmtpRelay['credentials'] => {
  if (username === '' && password === '') return null
  if (username === '' || password === '')
    throw new SmtpUrlProblem('has a user or a password alone; both or none are needed')
  return { user: decode(username), password: new Secret(decode(password)) }
}

/** The value of a switch in the query; `fallback` if it is absent. */
const switchOf = (url: URL, name: string, fallback: boolean): boolean => {
  const value = url.searchParams.get(name)
  if (value !== null && value !== 'true' && value !== 'false')
    throw new SmtpUrlProblem(`has ${name}, which is true or false`)
  return value === null ? fallback : value === 'true'
}

/**
 * The relay of a URL such as `smtp://user:password@smtp.example.org:587`. A password is only sent over TLS, except to
 * this machine or with `?requireTLS=false`. Throws `SmtpUrlProblem`.
 */
export const parseSmtpUrl = (raw: string): SmtpRelay => {
  const url = URL.canParse(raw) ? new URL(raw) : null
  if (url === null || !isScheme(url.protocol))
    throw new SmtpUrlProblem(
      'must list URLs that begin with smtp:// or smtps://; in users and passwords , : / @ % are written %2C %3A %2F %40 %25',
    )
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host === '') throw new SmtpUrlProblem('has a URL without a host, such as smtp.example.org')
  if (!/^\/?$/.test(url.pathname) || url.hash !== '')
    throw new SmtpUrlProblem(`has something behind the host ${host} that does not belong there`)
  const unknown = [...url.searchParams.keys()].filter((name) => !switches.includes(name))
  if (unknown.length > 0)
    throw new SmtpUrlProblem(`has an option that is none; there are ${switches.join(' and ')}`)
  const credentials = credentialsOf(url)
  const implicitTls = url.protocol === 'smtps:'
  return {
    host,
    port: url.port === '' ? defaultPorts[url.protocol] : Number(url.port),
    implicitTls,
    requireTls: switchOf(url, 'requireTLS', credentials !== null && !isLoopback(host)),
    trustAnyCertificate: !switchOf(url, 'tls.rejectUnauthorized', true),
    credentials,
  }
}
