// An SMTP relay: a server that accepts our mails, its URL read as nodemailer reads it.
import { isIP } from 'node:net'
import { isLoopback } from '../config/loopback.js'
import { hostOf, loginOf, parseServerUrl } from '../config/server-url.js'
import { wrongPart } from '../config/setting.js'
import { Secret } from '../tokens/secret.js'

/** A server, with its address, security and credentials. */
export interface SmtpRelay {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (RFC 8314 3.3), or by STARTTLS where the server offers it. */
  readonly implicitTls: boolean
  /** Never without TLS. */
  readonly requireTls: boolean
  /** Never STARTTLS, though the server may offer it. */
  readonly ignoreTls: boolean
  /** Accepts any certificate; for tests, refused in production. */
  readonly trustAnyCertificate: boolean
  /** The name that the certificate must have, if it is not the host's. */
  readonly serverName: string | null
  /** The oldest version of TLS, if it is not Node's. */
  readonly minTlsVersion: TlsVersion | null
  /** The name of this client (RFC 5321 4.1.1.1), if it is not the sender's domain. */
  readonly heloName: string | null
  readonly credentials: { readonly user: string; readonly password: Secret } | null
}

const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const

/** A version of TLS, by Node's name. */
export type TlsVersion = (typeof tlsVersions)[number]

/** Submission (RFC 6409 3.1), and submission over TLS (RFC 8314 7.3). */
const defaultPorts = { smtp: 587, smtps: 465 }

/** The parameters of nodemailer that Idem takes. */
const known = [
  'ignoreTLS',
  'name',
  'pool',
  'requireTLS',
  'secure',
  'tls.minVersion',
  'tls.rejectUnauthorized',
  'tls.servername',
]

/** Parameters of nodemailer that are settings of Idem. */
const settingsOf: ReadonlyMap<string, string> = new Map([
  ['connectionTimeout', 'IDEM_SMTP_CONNECT_SECONDS'],
  ['greetingTimeout', 'IDEM_SMTP_CONNECT_SECONDS'],
  ['maxConnections', 'IDEM_SMTP_CONNECTIONS'],
  ['socketTimeout', 'IDEM_SMTP_TIMEOUT_SECONDS'],
])

const credentialsOf = (url: URL): SmtpRelay['credentials'] => {
  const { user, password } = loginOf(url)
  if (user === '' && password === '') return null
  if (user === '') throw wrongPart('user', 'it is missing; there are both a user and a password, or neither')
  if (password === '')
    throw wrongPart('password', 'it is missing; there are both a user and a password, or neither')
  return { user, password: new Secret(password) }
}

/** The parameters of a URL. One that is none is not named, because it may be a piece of a password. */
class Parameters {
  readonly #values: URLSearchParams

  constructor({ searchParams }: URL) {
    this.#values = searchParams
    for (const name of searchParams.keys()) {
      const setting = settingsOf.get(name)
      if (setting !== undefined) throw wrongPart(`parameter ${name}`, `it is the setting ${setting}`)
      if (!known.includes(name)) throw wrongPart('parameter', `there are only ${known.join(', ')}`)
      if (searchParams.getAll(name).length > 1) throw wrongPart(`parameter ${name}`, 'it is there twice')
    }
  }

  /** A switch; null if it is absent. */
  switch(name: string): boolean | null {
    const value = this.#values.get(name)
    if (value !== null && value !== 'true' && value !== 'false')
      throw wrongPart(`parameter ${name}`, 'it must be true or false')
    return value === null ? null : value === 'true'
  }

  /** A switch that has only one value here. */
  requireSwitch(name: string, value: boolean, reason: string): void {
    const given = this.switch(name)
    if (given !== null && given !== value) throw wrongPart(`parameter ${name}`, reason)
  }

  /** The name of a host; null if it is absent. */
  host(name: string): string | null {
    const value = this.#values.get(name)
    if (value !== null && !/^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/i.test(value) && isIP(value) === 0)
      throw wrongPart(`parameter ${name}`, 'it must be the name of a host')
    return value
  }

  tlsVersion(name: string): TlsVersion | null {
    const value = this.#values.get(name)
    const version = tlsVersions.find((known) => known === value)
    if (value !== null && version === undefined)
      throw wrongPart(`parameter ${name}`, `it must be ${tlsVersions.join(' or ')}`)
    return version ?? null
  }
}

const securityOf = (
  given: Parameters,
  { implicitTls, needsTls }: { readonly implicitTls: boolean; readonly needsTls: boolean },
): Pick<SmtpRelay, 'requireTls' | 'ignoreTls'> => {
  given.requireSwitch('secure', implicitTls, 'the scheme says it: smtps:// is TLS from the first byte')
  given.requireSwitch('pool', true, 'connections are always kept for the next mails')
  const requireTls = given.switch('requireTLS') ?? needsTls
  const ignoreTls = given.switch('ignoreTLS') ?? false
  if (ignoreTls && (requireTls || implicitTls))
    throw wrongPart(
      'parameter ignoreTLS',
      'it contradicts TLS, which a password needs unless requireTLS=false',
    )
  return { requireTls, ignoreTls }
}

/**
 * The relay of a URL such as `smtp://user:password@smtp.example.org:587`. A password is only sent over TLS, except to
 * this machine or with `?requireTLS=false`. Throws `SettingProblem`, which names the wrong part and never its value.
 */
export const parseSmtpUrl = (raw: string): SmtpRelay => {
  const url = parseServerUrl(raw, { schemes: ['smtp', 'smtps'], isList: true })
  const host = hostOf(url)
  if (!/^\/?$/.test(url.pathname)) throw wrongPart('end', 'nothing but parameters belongs behind the host')
  const given = new Parameters(url)
  const credentials = credentialsOf(url)
  const implicitTls = url.protocol === 'smtps:'
  return {
    host,
    port: url.port === '' ? defaultPorts[implicitTls ? 'smtps' : 'smtp'] : Number(url.port),
    implicitTls,
    ...securityOf(given, { implicitTls, needsTls: credentials !== null && !isLoopback(host) }),
    trustAnyCertificate: given.switch('tls.rejectUnauthorized') === false,
    serverName: given.host('tls.servername'),
    minTlsVersion: given.tlsVersion('tls.minVersion'),
    heloName: given.host('name'),
    credentials,
  }
}
