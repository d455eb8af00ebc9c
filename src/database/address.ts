// The address of a database: its URL read as libpq reads it, in the form that every client of pg takes.
import { userInfo } from 'node:os'
import type { ConnectionOptions } from 'node:tls'
import { wrongPart } from '../config/setting.js'
import { type AddressParts, partsOf, requireOneHost, withParameter } from './address-parts.js'
import { readTls } from './address-tls.js'
import { defaultSchema, isSchemaName, schemaNameRule } from './schema-name.js'

/** What pg, its pools, the ORM and the queue connect with. */
export interface DatabaseAddress {
  /** A name, an address without brackets, or the folder of a socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly ssl: false | ConnectionOptions
  readonly password?: string
  /** Options of the server's process, such as `-c work_mem=8MB`. */
  readonly options?: string
  readonly application_name?: string
  readonly connectionTimeoutMillis?: number
  readonly sslnegotiation?: 'direct'
}

const defaultPort = 5432

/** Parameters that only some values of Idem can keep, with the reason to refuse the others. */
const kept: Readonly<Record<string, readonly [RegExp, string]>> = {
  channel_binding: [
    /^(disable|prefer)$/,
    'Idem cannot require it. Leave it out; sslmode=verify-full makes sure of the server',
  ],
  gssencmode: [/^(disable|prefer)$/, 'Idem has no GSSAPI. Leave it out'],
  target_session_attrs: [
    /^(any|read-write|primary)$/,
    'Idem writes, so it must be any, read-write or primary',
  ],
  sslnegotiation: [/^(postgres|direct)$/, 'it must be postgres or direct'],
  connect_timeout: [/^([1-9]|[1-5]\d|60)$/, 'it must be a whole number of seconds from 1 to 60'],
}

/**
 * Reads a URL of PostgreSQL. Throws `SettingProblem`, which names the part that is wrong and never its value. With
 * `sslmode=prefer` or `allow` the address encrypts; `settleTls` asks the server first whether it can.
 */
export const readAddress = (url: string): DatabaseAddress => {
  const parts = partsOf(url)
  for (const [name, [allowed, reason]] of Object.entries(kept)) {
    const value = parts.get(name)
    if (value !== undefined && !allowed.test(value)) throw wrongPart(`parameter ${name}`, reason)
  }
  schemaOf(url)
  const host = hostOf(parts)
  const connectTimeout = parts.get('connect_timeout')
  const user = parts.get('user') || systemUserName()
  const optional = {
    password: parts.get('password'),
    options: parts.get('options'),
    application_name: parts.get('application_name'),
    connectionTimeoutMillis: connectTimeout === undefined ? undefined : Number(connectTimeout) * 1_000,
    sslnegotiation: parts.get('sslnegotiation') === 'direct' ? ('direct' as const) : undefined,
  }
  return {
    host,
    port: portOf(parts),
    user,
    database: parts.get('dbname') || user,
    ssl: readTls(parts, host),
    ...definedOf(optional),
  }
}

/** The schema of Idem's tables: the parameter `schema` of the URL, or `public`. Throws `SettingProblem`. */
export const schemaOf = (url: string): string => {
  const schema = partsOf(url).get('schema') ?? defaultSchema
  if (!isSchemaName(schema)) throw wrongPart('parameter schema', `it ${schemaNameRule}`)
  return schema
}

/** The URL with this schema. Throws `SettingProblem` if it names another one itself. */
export const withSchema = (url: string, schema: string): string => {
  const named = partsOf(url).get('schema')
  if (named === schema) return url
  if (named !== undefined)
    throw wrongPart('parameter schema', 'IDEM_DATABASE_SCHEMA names another one; keep one of the two')
  return withParameter(url, 'schema', schema)
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is undefined, because pg and the ORM take that for a value. */
const definedOf = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>

const hostOf = (parts: AddressParts): string => {
  const host = parts.get('host') ?? 'localhost'
  requireOneHost(host)
  if (!host.startsWith('/') && /[\s/?#@[\]]/.test(host))
    throw wrongPart('host', 'it must be a name, an address or the folder of a socket')
  return host
}

const portOf = (parts: AddressParts): number => {
  const raw = parts.get('port') ?? String(defaultPort)
  const port = Number(raw)
  if (!/^\d+$/.test(raw) || port < 1 || port > 65_535)
    throw wrongPart(
      'port',
      'it must be a whole number from 1 to 65535 (and a / in a password is written %2F)',
    )
  return port
}

/** As libpq: whom the operating system knows this process as. */
const systemUserName = (): string => {
  try {
    return userInfo().username
  } catch {
    // A uid without an entry, as in a container.
    throw wrongPart('user', 'it is missing')
  }
}
