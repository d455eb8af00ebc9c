// A refusal of the HTTP side, with a status of its own, and the one form that all refusals are answered in.
import { Failure, type FailureCode } from '../failure.js'
import { httpOf, logRefusal, publicExtensions } from '../graphql/failures.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'

/** What an HTTP refusal says beside its status. */
export interface HttpRefusalDetails {
  readonly sentence: string
  /** `BAD_USER_INPUT` unless another code fits better. */
  readonly code?: FailureCode
  /** What the status requires, for example `Allow` with 405. */
  readonly headers?: Readonly<Record<string, string>>
  /** Why, for the log. */
  readonly reason?: string
  /** With `FORBIDDEN`: the sets of scopes of which one is needed. */
  readonly requiredScopes?: readonly (readonly string[])[]
}

/** A failure that HTTP has a status for (RFC 9110 15.5); the status of other failures follows from their code. */
export class HttpRefusal extends Failure {
  readonly headers: Readonly<Record<string, string>>

  constructor(
    readonly status: number,
    { sentence, code = 'BAD_USER_INPUT', headers = {}, ...details }: HttpRefusalDetails,
  ) {
    super(code, sentence, details)
    this.headers = headers
  }
}

/** The status and headers of a failure. */
export const httpAnswerOf = (
  failure: Failure,
): { readonly status: number; readonly headers: Readonly<Record<string, string>> } => {
  if (failure instanceof HttpRefusal) return { status: failure.status, headers: failure.headers }
  const { status, headers } = httpOf(failure)
  return { status, headers: Object.fromEntries(headers) }
}

/** What answering a refusal needs. */
export interface RefusalNeeds {
  readonly logger: Logger
  readonly metrics: Metrics
  /** Those of every answer, because some refusals are sent before any hook has run. */
  readonly securityHeaders: Readonly<Record<string, string>>
}

/** A refusal, ready to be sent. */
export interface RefusalAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Logs and counts a refusal, and composes its answer. */
export const refusalAnswer = (
  failure: Failure,
  requestId: string,
  { logger, metrics, securityHeaders }: RefusalNeeds,
): RefusalAnswer => {
  metrics.refusals.inc({ code: failure.code })
  logRefusal(logger.child({ requestId }), failure)
  const { status, headers } = httpAnswerOf(failure)
  const errors = [{ message: failure.message, extensions: publicExtensions(failure, requestId) }]
  return {
    status,
    headers: {
      ...securityHeaders,
      'content-type': 'application/json; charset=utf-8',
      // Caches may keep a 404, a 405 or a 414 without being told to (RFC 9110 15.1).
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...headers,
    },
    body: JSON.stringify({ errors }),
  }
}
