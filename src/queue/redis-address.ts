// The address of Redis: its URL read as ioredis reads it, and a wrong part named.
import { SettingProblem, wrongPart } from '../config/setting.js'

/** What ioredis connects with. */
export interface RedisAddress {
  /** A name, or an address without brackets; absent with a socket. */
  readonly host?: string
  readonly port?: number
  /** The file of a socket. */
  readonly path?: string
  readonly username?: string
  readonly password?: string
  /** The number of the database. */
  readonly db: number
  /** 4 or 6; 0 for both. */
  readonly family?: number
  /** Present with `rediss:`. Node's authorities are trusted, with those of NODE_EXTRA_CA_CERTS. */
  readonly tls?: object
}

const defaultPort = 6_379

/** The parameters of ioredis that belong to an address. */
const known = ['db', 'family', 'password', 'username']

/** Reads `REDIS_URL`. Throws `SettingProblem`, which names the part that is wrong and never its value. */
export const readRedisAddress = (raw: string): RedisAddress => {
  if (raw.startsWith('/') && !raw.startsWith('//')) return socketOf(raw)
  const url = urlOf(raw)
  const parameters = parametersOf(url.searchParams)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host === '') throw wrongPart('host', 'it is missing')
  const username = decode(url.username, 'user') || parameters.get('username')
  const password = decode(url.password, 'password') || parameters.get('password')
  return {
    host,
    port: url.port === '' ? defaultPort : Number(url.port),
    db: databaseOf(url.pathname.slice(1) || parameters.get('db')),
    ...loginOf(username, password),
    ...familyOf(parameters.get('family')),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

/** ioredis takes the path of a socket too: `/run/redis.sock?db=2`. */
const socketOf = (raw: string): RedisAddress => {
  const [path = '', query = ''] = raw.split('?', 2)
  const parameters = parametersOf(new URLSearchParams(query))
  return {
    path,
    db: databaseOf(parameters.get('db')),
    ...loginOf(parameters.get('username'), parameters.get('password')),
  }
}

const urlOf = (raw: string): URL => {
  const rest = /^rediss?:\/\/(?<rest>.*)$/is.exec(raw)?.groups?.['rest']
  if (rest === undefined)
    throw new SettingProblem('must begin with redis:// or rediss://, or be the path of a socket')
  // The first of these ends the host, so that the rest of a password would be a path, a query or a fragment.
  const [, authority = '', behind = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  if (behind.includes('@'))
    throw wrongPart('password', 'in it / ? # are written %2F %3F %23 (and an @ behind the host %40)')
  if (behind.includes('#')) throw wrongPart('end', 'there is a #; in a password it is written %23')
  if (URL.canParse(raw)) return new URL(raw)
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host === '') throw wrongPart('host', 'it is missing')
  if (/^(?:\[[^\]]*\]|[^:]*):/.test(host))
    throw wrongPart(
      'port',
      'it must be a whole number up to 65535; an IPv6 address stands in brackets, [::1]; a / in a password is written %2F',
    )
  throw wrongPart('host', 'it must be a name or an address; an IPv6 address stands in brackets, [::1]')
}

const parametersOf = (parameters: URLSearchParams): ReadonlyMap<string, string> => {
  for (const name of parameters.keys())
    if (!known.includes(name)) throw wrongPart('parameter', `there are only ${known.join(', ')}`)
  return new Map(parameters)
}

const decode = (raw: string, part: string): string => {
  try {
    return decodeURIComponent(raw)
  } catch {
    throw wrongPart(part, 'a % in it that begins no escape is written %25')
  }
}

/** Without a user ioredis logs in as Redis' user `default`. */
const loginOf = (username = '', password = ''): Pick<RedisAddress, 'username' | 'password'> => ({
  ...(username === '' ? {} : { username }),
  ...(password === '' && username === '' ? {} : { password }),
})

const databaseOf = (raw = '0'): number => {
  if (!/^\d{1,6}$/.test(raw)) throw wrongPart('database', 'it must be a whole number, such as /0')
  return Number(raw)
}

const familyOf = (raw: string | undefined): Pick<RedisAddress, 'family'> => {
  if (raw === undefined) return {}
  if (!/^[046]$/.test(raw)) throw wrongPart('parameter family', 'it must be 4, 6, or 0 for both')
  return { family: Number(raw) }
}
