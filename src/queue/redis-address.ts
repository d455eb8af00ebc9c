// The address of Redis: its URL read as ioredis reads it, and a wrong part named.
import { hostOf, loginOf as loginIn, parseServerUrl } from '../config/server-url.js'
import { wrongPart } from '../config/setting.js'

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
  const url = parseServerUrl(raw, { schemes: ['redis', 'rediss'], isList: false })
  const parameters = parametersOf(url.searchParams)
  const { user, password } = loginIn(url)
  return {
    host: hostOf(url),
    port: url.port === '' ? defaultPort : Number(url.port),
    db: databaseOf(url.pathname.slice(1) || parameters.get('db')),
    ...loginOf(user || parameters.get('username'), password || parameters.get('password')),
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

const parametersOf = (parameters: URLSearchParams): ReadonlyMap<string, string> => {
  for (const name of parameters.keys())
    if (!known.includes(name)) throw wrongPart('parameter', `there are only ${known.join(', ')}`)
  return new Map(parameters)
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
