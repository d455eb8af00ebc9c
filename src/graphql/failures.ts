// Translates what was thrown into what a client may see: the closed list of codes, everything else masked.
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { isDatabaseAway } from '../database/storage-errors.js'
import { Failure, type FailureCode } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'

/** How long a client does well to wait for the database, in seconds. */
const databaseRetrySeconds = 2

/** The failure that a thrown error amounts to; a bug becomes `INTERNAL`. */
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

/** The error that refuses a whole request before anything was resolved: it carries the HTTP status. */
export const refuseRequest = (error: unknown): GraphQLError => {
  const failure = asFailure(error)
  return new GraphQLError(failure.message, { originalError: failure, extensions: { http: httpOf(failure) } })
}

/** What the edge needs to translate an error. */
export interface FailureEdge {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly requestScope: RequestScope
  /** False where suggestions ("Did you mean …") would tell of what introspection hides. */
  readonly suggestions: boolean
}

/** What Apollo calls requests that graphql-js refused before a resolver was reached. */
const requestCodes = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
])

/** The innermost error that graphql-js wrapped. */
const originOf = (thrown: unknown): unknown =>
  thrown instanceof GraphQLError && thrown.originalError !== undefined
    ? originOf(thrown.originalError)
    : thrown

/** graphql-js puts the name of the variable, argument or field that it complains about in quotes. */
const fieldIn = (message: string): string | undefined => /"\$?(?:\w+\.)*(\w+)"/.exec(message)?.[1]

/** The failure behind a request that graphql-js refused. */
const requestFailure = (message: string, origin: unknown, suggestions: boolean): Failure => {
  const limit = origin instanceof GraphQLError && origin.extensions['code'] === 'QUERY_TOO_COSTLY'
  const code: FailureCode =
    limit || /more tha[nt] \d+ tokens/.test(message) ? 'QUERY_TOO_COSTLY' : 'BAD_USER_INPUT'
  if (message.startsWith('GraphQL introspection is not allowed'))
    return new Failure('BAD_USER_INPUT', 'Introspection is off here. The schema is in schema/idem.graphql.')
  const sentence = suggestions ? message : message.replace(/ ?Did you mean .*$/, '')
  const field = code === 'BAD_USER_INPUT' ? fieldIn(sentence) : undefined
  return new Failure(code, sentence, field === undefined ? {} : { field })
}

/** Writes a refusal to the log: a bug with its stack, once, and here. */
export const logRefusal = (logger: Logger, failure: Failure): void => {
  const { reason, cause } = failure.details
  if (failure.code === 'INTERNAL') logger.error({ err: cause ?? failure, reason }, 'a bug answered a request')
  else if (failure.code === 'UNAVAILABLE') logger.warn({ err: cause, reason }, 'refused: unavailable')
  else logger.info({ code: failure.code, reason }, 'refused')
}

/** What a client learns of a failure: the code, what to do about it, the request to quote; nothing private. */
export const publicExtensions = (
  failure: Failure,
  requestId: string | undefined,
): Record<string, unknown> => {
  const { reason: _reason, cause: _cause, ...shown } = failure.details
  return { code: failure.code, requestId, ...shown }
}

/** Apollo's `formatError`: one code of the closed list, a sentence safe to show, nothing else. */
export const createFormatError =
  ({ logger, metrics, requestScope, suggestions }: FailureEdge) =>
  (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const origin = originOf(thrown)
    const isRequestError = requestCodes.has(String(formatted.extensions?.['code']))
    const failure = isRequestError
      ? requestFailure(formatted.message, origin, suggestions)
      : asFailure(origin)
    metrics.refusals.inc({ code: failure.code })
    logRefusal(logger, failure)
    const { locations, path } = formatted
    return {
      message: failure.message,
      ...(locations === undefined ? {} : { locations }),
      ...(path === undefined ? {} : { path }),
      extensions: publicExtensions(failure, requestScope.requestId),
    }
  }
