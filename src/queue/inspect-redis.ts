// Looks at a Redis before the queue uses it: what can never work is refused, what may lose jobs is named.
import { Redis } from 'ioredis'
import { OperatorProblem, type ProblemKind } from '../failure.js'
import { describeError, outlineOf } from '../runtime/error-outline.js'
import { readRedisAddress } from './redis-address.js'

/** What was found: `away` if it does not answer just now. */
export type RedisFindings =
  | { readonly kind: 'fit'; readonly evictionPolicy: string | null }
  | { readonly kind: 'away'; readonly reason: string }

/** Time limit of each step, in milliseconds. */
const stepMilliseconds = 5_000

/** Replies of Redis that waiting does not change, each with what to do. */
const lasting: Readonly<Record<string, { readonly kind: ProblemKind; readonly sentence: string }>> = {
  WRONGPASS: {
    kind: 'login',
    sentence:
      'Redis refuses the user or the password of REDIS_URL. Check both; reserved signs are percent-encoded.',
  },
  NOAUTH: {
    kind: 'login',
    sentence: 'Redis asks for a password. Set it in REDIS_URL: redis://user:password@host.',
  },
  NOPERM: {
    kind: 'right',
    sentence:
      'The Redis user of REDIS_URL lacks a right. Grant it what docs/operations.md lists (ACL SETUSER).',
  },
}

/** Codes of Node and OpenSSL for certificates and handshakes. */
const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$)/

/**
 * Connects once and asks. Throws `OperatorProblem` for a login, right, certificate, database number or kind of server
 * with which the queue can never work.
 */
export const inspectRedis = async (url: string): Promise<RedisFindings> => {
  const { db, ...address } = readRedisAddress(url)
  const client = new Redis({
    ...address,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: stepMilliseconds,
    commandTimeout: stepMilliseconds,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // ioredis reports the reason by this event only; the promise says that the connection is closed.
  let reason: unknown = null
  client.on('error', (error) => {
    reason ??= error
  })
  try {
    await client.connect()
    await select(client, db)
    return { kind: 'fit', evictionPolicy: judge(await client.info()) }
  } catch (error) {
    return awayUnlessLasting(reason ?? error)
  } finally {
    client.disconnect()
  }
}

/** ioredis ignores a database that cannot be selected, and would use number 0. */
const select = async (client: Redis, db: number): Promise<void> => {
  // It needs a right of its own, and each connection begins in number 0.
  if (db === 0) return
  try {
    await client.select(db)
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    if (/out of range|invalid DB index/i.test(message))
      throw new OperatorProblem(
        'The database number in REDIS_URL is higher than those of this Redis (databases in redis.conf). Take a lower one, or raise it there.',
      )
    throw error
  }
}

const factOf = (info: string, name: string): string | null =>
  new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? null

/** The eviction policy; null if the server does not tell. */
const judge = (info: string): string | null => {
  if (factOf(info, 'cluster_enabled') === '1')
    throw new OperatorProblem(
      'The Redis of REDIS_URL is a cluster, which the queue cannot use. Take a single server, with a replica for a fail-over.',
    )
  if (factOf(info, 'role') === 'slave' && factOf(info, 'slave_read_only') !== '0')
    throw new OperatorProblem(
      'The Redis of REDIS_URL is a read-only replica. Set REDIS_URL to its primary.',
      {
        kind: 'unavailable',
      },
    )
  return factOf(info, 'maxmemory_policy')
}

const awayUnlessLasting = (error: unknown): RedisFindings => {
  if (error instanceof OperatorProblem) throw error
  const { code = '' } = outlineOf(error)
  const known = lasting[code]
  if (known !== undefined) throw new OperatorProblem(known.sentence, known)
  if (tlsCode.test(code))
    throw new OperatorProblem(
      `The TLS of the Redis of REDIS_URL is refused: ${describeError(error)}. ` +
        'rediss:// is for a server that speaks TLS, redis:// for one that does not.',
      { kind: 'encryption' },
    )
  return { kind: 'away', reason: describeError(error) }
}
