// The parts of a database's URL, by libpq's grammar: each decoded, and a wrong one named.
import { isIPv6 } from 'node:net'
import { SettingProblem, wrongPart } from '../config/setting.js'

/** The parts of a URL, decoded, by the names of libpq's parameters. */
export type AddressParts = ReadonlyMap<string, string>

/** libpq's grammar: the user and the password end at the first @, unless a / comes before it. */
const grammar =
  /^postgres(?:ql)?:\/\/(?:(?<login>[^@/]*)@)?(?<host>[^/?]*)(?:\/(?<database>[^?]*))?(?:\?(?<parameters>.*))?$/s

/** What Idem takes from the parameters of a URL. */
const known = new Set([
  'application_name',
  'channel_binding',
  'connect_timeout',
  'dbname',
  'gssencmode',
  'host',
  'options',
  'password',
  'port',
  'schema',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslpassword',
  'sslrootcert',
  'target_session_attrs',
  'uselibpqcompat',
  'user',
])

const matchOf = (url: string): Readonly<Record<string, string | undefined>> => {
  const found = grammar.exec(url.trim())?.groups
  if (found === undefined) throw new SettingProblem('must begin with postgres:// or postgresql://')
  return found
}

/** The parameters of a URL as they are written there. */
const parametersOf = (text = ''): string[] => text.split('&').filter((parameter) => parameter !== '')

/** The name of a parameter, and its value if it has one. */
const pairOf = (parameter: string): { readonly name: string; readonly value: string | undefined } => {
  const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(parameter) ?? []
  return { name, value }
}

/** The URL with this value of a parameter instead of any other. Throws `SettingProblem` if it is none of PostgreSQL. */
export const withParameter = (url: string, name: string, value: string): string => {
  const { parameters } = matchOf(url)
  const whole = url.trim()
  // A ? before them may belong to the password.
  const start = parameters === undefined ? whole : whole.slice(0, -(parameters.length + 1))
  const others = parametersOf(parameters).filter((parameter) => pairOf(parameter).name !== name)
  return `${start}?${[...others, `${name}=${encodeURIComponent(value)}`].join('&')}`
}

/** Splits a URL. Throws `SettingProblem`, which names the part that is wrong and never its value. */
export const partsOf = (url: string): AddressParts => {
  const { login = '', host = '', database = '', parameters } = matchOf(url)
  const [, user = '', password] = /^([^:]*)(?::(.*))?$/s.exec(login) ?? []
  requireWholeLogin(host, database)
  const parts = new Map<string, string>()
  const set = (name: string, raw: string | undefined, part: string): void => {
    if (raw !== undefined && raw !== '') parts.set(name, decode(raw, part))
  }
  set('user', user, 'user')
  set('password', password, 'password')
  const [, bracketed, named, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(host) ?? []
  if ((bracketed === undefined && named === undefined) || (bracketed !== undefined && !isIPv6(bracketed)))
    throw wrongPart('host', 'an IPv6 address stands in brackets, [::1]')
  set('host', bracketed ?? named, 'host')
  set('port', port, 'port')
  set('dbname', database, 'name of the database')
  for (const { name, value } of parametersOf(parameters).map(pairOf)) {
    if (!known.has(name)) throw wrongPart('parameter', `${nameOf(name)} is none that Idem takes`)
    set(name, value, `parameter ${name}`)
  }
  return parts
}

/** A parameter's name for a problem, if it is one: it could be a piece of a password. */
const nameOf = (name: string): string => (/^[a-z_]{1,40}$/i.test(name) ? `"${name}"` : 'one of them')

/** libpq would take the rest of a password with a bare @ or / for the host, and send it to a name server. */
const requireWholeLogin = (host: string, database: string): void => {
  if (host.includes('@')) throw wrongPart('password', 'an @ in it is written %40')
  if (database.includes('@'))
    throw wrongPart('password', 'a / in it is written %2F (and an @ in the name of a database %40)')
  requireOneHost(host)
}

/** Throws if a host is a list of them: pg takes one. */
export const requireOneHost = (host: string): void => {
  if (host.includes(','))
    throw wrongPart(
      'host',
      'it names several. Name one that always leads to the server that writes, such as a virtual address',
    )
}

const decode = (raw: string, part: string): string => {
  try {
    const text = decodeURIComponent(raw)
    if (!text.includes('\0')) return text
  } catch {
    throw wrongPart(part, 'a % in it that begins no escape is written %25')
  }
  throw wrongPart(part, 'it contains the character NUL')
}
