// Sentences for the errors of libraries, by their codes. They replace the libraries' own messages, which quote input.

/** By Node's codes, the first word of Redis' replies, nodemailer's and Node's TLS codes, and SQLSTATE. */
const wordsOfCode: Readonly<Record<string, string>> = {
  // Node
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the other side cut the connection',
  EHOSTUNREACH: 'the machine cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EPIPE: 'the other side had closed the connection',
  ETIMEDOUT: 'no answer in time',
  EACCES: 'no right to do that',
  ENOENT: 'no such file',
  ENOSPC: 'no space is left on the disk',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files and connections are open',
  ERR_INVALID_URL: 'not a URL',
  // TLS
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself; NODE_EXTRA_CA_CERTS names what to trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority of the certificate is not known; NODE_EXTRA_CA_CERTS names it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the authority of the certificate is not known; NODE_EXTRA_CA_CERTS names it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the authority of the certificate is not known; NODE_EXTRA_CA_CERTS names it',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS',
  EPROTO: 'the other side does not speak TLS as this one does',
  // Redis
  WRONGPASS: 'the user or the password of Redis is wrong',
  NOAUTH: 'Redis asks for a password',
  NOPERM: 'the Redis user lacks a right; docs/operations.md has the list',
  READONLY: 'this Redis is a read-only replica',
  OOM: 'the memory of Redis is full',
  LOADING: 'Redis still loads its data',
  MASTERDOWN: 'the primary of this Redis cannot be reached',
  MISCONF: 'Redis cannot write to its disk',
  NOSCRIPT: 'Redis has forgotten a script',
  WRONGTYPE: 'a key of Redis holds something else',
  // nodemailer
  EAUTH: 'authentication failed',
  ENOAUTH: 'authentication failed',
  ECONNECTION: 'the connection was closed',
  EDNS: 'the host name is not known',
  EENVELOPE: 'the address was not accepted',
  EMESSAGE: 'the mail was not accepted',
  ESOCKET: 'the connection failed',
  ETLS: 'TLS failed',
  // PostgreSQL
  '08006': 'the connection broke',
  '22P02': 'a value has the wrong form',
  '23502': 'a value is missing',
  '23503': 'a row that is referred to is missing',
  '23505': 'there is such a row already',
  '23514': 'a value is not allowed',
  '25006': 'the server is read-only',
  '28000': 'this role may not connect like that',
  '28P01': 'the role or the password is wrong',
  '3D000': 'there is no such database',
  '40001': 'another transaction came first',
  '40P01': 'two transactions waited for each other',
  '42501': 'the role lacks a right',
  '42703': 'there is no such column',
  '42P01': 'there is no such table',
  '53100': 'the disk of the database is full',
  '53300': 'the database has too many connections',
  '55P03': 'a lock was not free in time',
  '57014': 'the statement was cancelled: it took too long, or waited for a lock',
  '57P01': 'the database server shuts down',
  '57P02': 'the database server crashed',
  '57P03': 'the database server is starting or stopping',
}

/** Messages of libraries without a code that contain nothing but these words. */
const knownMessages: ReadonlySet<string> = new Set([
  'Connection is closed.',
  'Connection terminated',
  'Connection terminated due to connection timeout',
  'Connection terminated unexpectedly',
  'Command timed out',
  'Query read timeout',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'The server does not support SSL connections',
  'connect ETIMEDOUT',
  'fetch failed',
  'timeout exceeded when trying to connect',
])

/** What an error means, in words that hold no value; undefined if its code and its message are not known. */
export const wordsOf = (code: string | undefined, message: string): string | undefined =>
  (code === undefined ? undefined : wordsOfCode[code]) ?? (knownMessages.has(message) ? message : undefined)
