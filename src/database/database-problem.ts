// What an operator can do about a database that cannot be used: the table of causes, with a sentence for each.
import { OperatorProblem, type ProblemKind } from '../failure.js'
import { wordsOf } from '../runtime/error-words.js'
import { type DatabaseAddress, readAddress, schemaOf } from './address.js'
import { chainOf, isDatabaseAway, textOf } from './storage-errors.js'

/** The address of a database and the schema of the tables. */
interface Place extends DatabaseAddress {
  readonly schema: string
}

/** A cause: what is wrong, in words that complete "the database … cannot be used:", and what to do. */
interface Cause {
  readonly kind: ProblemKind
  readonly what: (place: Place, words: string) => string
  readonly remedy: (place: Place) => string
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What is wrong is what the code means, without the reference to Node's own variable that the words may hold. */
const asWords = (_place: Place, words: string): string => words.split(';')[0] ?? words

const certificate: Cause = {
  kind: 'encryption',
  what: asWords,
  remedy: () =>
    'name the file of its authority by sslrootcert=… in DATABASE_URL (or NODE_EXTRA_CA_CERTS), or do without the check by sslmode=require',
}
const otherName: Cause = {
  kind: 'encryption',
  what: ({ host }) => `its certificate is for another name than ${host}`,
  remedy: () =>
    'write the name of the certificate into DATABASE_URL, or check the authority alone by sslmode=verify-ca',
}
const noTls: Cause = {
  kind: 'encryption',
  what: () => 'it does not encrypt',
  remedy: () => 'switch ssl on at the server, or leave sslmode out of DATABASE_URL',
}
const onlyTls: Cause = {
  kind: 'encryption',
  what: ({ user }) =>
    `its pg_hba.conf lets the role "${user}" in from this machine not at all, or only encrypted`,
  remedy: () => 'add sslmode=verify-full (or require) to DATABASE_URL, or a line to pg_hba.conf',
}
const notLetIn: Cause = {
  kind: 'login',
  what: ({ user }) => `its pg_hba.conf does not let the role "${user}" in from this machine`,
  remedy: () => 'add a line to pg_hba.conf, or correct the user in DATABASE_URL',
}
const noLogin: Cause = {
  kind: 'login',
  what: ({ user }) => `there is no role "${user}", or it may not log in`,
  remedy: ({ user }) => `make it (create role ${identifier(user)} login password …), or correct DATABASE_URL`,
}
const wrongPassword: Cause = {
  kind: 'login',
  what: ({ user }) => `the password of the role "${user}" is wrong or missing, or there is no such role`,
  remedy: () => 'correct DATABASE_URL, where : / @ % of a password are written %3A %2F %40 %25',
}
const missing: Cause = {
  kind: 'database-missing',
  what: ({ database }) => `the server has no database "${database}"`,
  remedy: ({ database, user }) =>
    `make it (create database ${identifier(database)} owner ${identifier(user)} encoding 'UTF8' template template0), or correct DATABASE_URL`,
}
const noRight: Cause = {
  kind: 'right',
  what: ({ user, schema }) => `the role "${user}" lacks a right in the schema "${schema}" or in the database`,
  remedy: ({ user, schema, database }) =>
    `let it own the schema and its tables (alter schema ${identifier(schema)} owner to ${identifier(user)}) and make schemas (grant connect, create on database ${identifier(database)} to ${identifier(user)})`,
}
const readOnly: Cause = {
  kind: 'unavailable',
  what: () => 'the server is read-only: a replica, or a primary that was replaced',
  remedy: () => 'let DATABASE_URL name the primary',
}
const tooMany: Cause = {
  kind: 'passing',
  what: asWords,
  remedy: () =>
    'raise max_connections of the server, or lower IDEM_DATABASE_POOL_SIZE or the number of processes',
}
const fullDisk: Cause = { kind: 'storage', what: asWords, remedy: () => 'make room there' }
const passing: Cause = { kind: 'passing', what: asWords, remedy: () => 'try again in a moment' }
const unknownHost: Cause = {
  kind: 'host-unknown',
  what: ({ host }) => `the host name ${host} is not known`,
  remedy: () => 'correct DATABASE_URL, or the name server of this machine',
}
const noNameServer: Cause = { ...passing, kind: 'host-unknown', what: asWords }
const unreachable: Cause = {
  kind: 'unavailable',
  what: asWords,
  remedy: () => 'start PostgreSQL, or correct host and port in DATABASE_URL (and firewalls between)',
}
const noSocket: Cause = {
  kind: 'unavailable',
  what: ({ host, port }) => `there is no socket of PostgreSQL in ${host} for the port ${port}`,
  remedy: () => 'start PostgreSQL, or correct the folder in DATABASE_URL',
}
const noPostgres: Cause = {
  kind: 'unavailable',
  what: () => 'the connection was cut before it could be used',
  remedy: () =>
    'see the log of the server, and whether host and port in DATABASE_URL are those of PostgreSQL',
}

/** By SQLSTATE, Node's and OpenSSL's codes. */
const causes: Readonly<Record<string, Cause>> = {
  '28P01': wrongPassword,
  '3D000': missing,
  '42501': noRight,
  '25006': readOnly,
  '53300': tooMany,
  '53100': fullDisk,
  '57P01': passing,
  '57P02': passing,
  '57P03': passing,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  CERT_HAS_EXPIRED: { ...certificate, remedy: () => 'renew it' },
  CERT_NOT_YET_VALID: { ...certificate, remedy: () => 'set the clocks of both machines' },
  ERR_TLS_CERT_ALTNAME_INVALID: otherName,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: noNameServer,
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  ENOENT: noSocket,
  ECONNRESET: noPostgres,
  EPIPE: noPostgres,
}

/** pg's own errors, which have no code. */
const causesOfMessages: readonly (readonly [RegExp, Cause])[] = [
  [/^The server does not support SSL connections/, noTls],
  [/^There was an error establishing an SSL connection/, noTls],
  [/SASL|password must be a string|client password/, wrongPassword],
  [/timeout/i, { ...unreachable, what: () => 'no answer in time' }],
  [/^Connection terminated/, noPostgres],
]

/** PostgreSQL has one SQLSTATE for several refusals of a login; its function tells them apart in any language. */
const causeOfRefusedLogin = (error: Error, { ssl }: Place): Cause => {
  if (textOf(error, 'routine') !== 'ClientAuthentication') return noLogin
  return ssl === false ? onlyTls : notLetIn
}

const causeOf = (error: Error, place: Place): Cause | null => {
  const code = textOf(error, 'code')
  if (code === '28000') return causeOfRefusedLogin(error, place)
  const byMessage = causesOfMessages.find(([form]) => form.test(error.message))?.[1] ?? null
  if (code === 'ENOENT' && !place.host.startsWith('/')) return null
  return causes[code] ?? byMessage
}

/** A problem at a database in one sentence. */
export const problemAt = (
  url: string,
  kind: ProblemKind,
  words: string,
  cause?: unknown,
): OperatorProblem => {
  const { host, port } = readAddress(url)
  const place = host.startsWith('/') ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new OperatorProblem(`The database at ${place} cannot be used: ${words}.`, { kind, cause })
}

/** The problem behind an error of the database at `url`; null if it is none that an operator can solve. */
export const databaseProblemOf = (error: unknown, url: string): OperatorProblem | null => {
  if (error instanceof OperatorProblem) return error
  const place = { ...readAddress(url), schema: schemaOf(url) }
  for (const current of chainOf(error)) {
    const cause = causeOf(current, place)
    if (cause === null) continue
    const words = wordsOf(textOf(current, 'code'), current.message) ?? 'it does not answer as it should'
    return problemAt(url, cause.kind, `${cause.what(place, words)}; ${cause.remedy(place)}`, error)
  }
  if (!isDatabaseAway(error)) return null
  return problemAt(url, 'unavailable', 'it does not answer as it should; see the log of the server', error)
}
