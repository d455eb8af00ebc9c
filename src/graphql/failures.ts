// Translates errors into what a client may see: a code of the closed list; everything else is masked.
import { GraphQLError } from 'graphql'
import { isDatabaseAway } from '../database/storage-errors.js'
import { Failure, type FailureCode } from '../failure.js'
import type { Logger } from '../runtime/logger.js'

/** The time after which a client should try again if the database is unavailable, in seconds. */
const databaseRetrySeconds = 2

/** The failure for a thrown error; a bug becomes `INTERNAL`. */
export const asFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  if (isDatabaseAway(error))
    return new Failure('UNAVAILABLE', undefined, {
      retryAfterSeconds: databaseRetrySeconds,
      reason: 'the database is away',
      cause: error,
    })
  return new Failure('INTERNAL', undefined, { cause: error })
}

/** The HTTP status of a request that is refused as a whole (RFC 6750 3.1, RFC 6585 4). */
export const statusOfCode = (code: FailureCode): number => {
  switch (code) {
    case 'UNAUTHENTICATED':
      return 401
    case 'RATE_LIMITED':
      return 429
    case 'UNAVAILABLE':
      return 503
    case 'INTERNAL':
      return 500
    default:
      return 400
  }
}

/** The HTTP status and headers of a request that is refused as a whole (RFC 6750 3, RFC 9110 10.2.3). */
export const httpOf = (failure: Failure): { status: number; headers: Map<string, string> } => {
  const { retryAfterSeconds } = failure.details
  const headers = new Map(retryAfterSeconds === undefined ? [] : [['retry-after', String(retryAfterSeconds)]])
  if (failure.code === 'UNAUTHENTICATED') headers.set('www-authenticate', 'Bearer error="invalid_token"')
  return { status: statusOfCode(failure.code), headers }
}

/** The error that refuses a whole request before any field was resolved; it has the HTTP status. */
export const refuseRequest = (error: unknown): GraphQLError => {
  const failure = asFailure(error)
  return new GraphQLError(failure.message, { originalError: failure, extensions: { http: httpOf(failure) } })
}

/** The properties of a refusal in the log, except its level. */
interface RefusalFacts {
  readonly reason?: string | undefined
  /** The number of equal errors in the request; absent for one. */
  readonly count?: number
}

/**
 * Logs a refusal; a bug with its stack. Only this function logs refusals, so that each appears once. Never logs input.
 */
export const logRefusal = (logger: Logger, failure: Failure, { count }: { count?: number } = {}): void => {
  const { reason, cause } = failure.details
  const facts: RefusalFacts = { reason, ...(count === undefined || count === 1 ? {} : { count }) }
  if (failure.code === 'INTERNAL')
    logger.error({ err: cause ?? failure, ...facts }, 'a bug answered a request')
  else if (failure.code === 'UNAVAILABLE') logger.warn({ err: cause, ...facts }, 'refused: unavailable')
  else logger.info({ code: failure.code, ...facts, ...failure.details.attempt }, 'refused')
}

/** The extensions of an error for the client: the code, what to do, the request's id; nothing private. */
export const publicExtensions = (
  failure: Failure,
  requestId: string | undefined,
): Record<string, unknown> => {
  const { reason: _reason, cause: _cause, attempt: _attempt, ...shown } = failure.details
  return { code: failure.code, requestId, ...shown }
}
