// A call to the outside: its request, its answer, and why there is none.
import { LoggableError } from '../failure.js'

/** A call. */
export interface OutboundRequest {
  /** `https`, or `http` on this machine. A user and password in it are sent as basic authentication. */
  readonly url: URL
  readonly method: 'GET' | 'POST'
  /** `host`, `content-length` and `accept-encoding` are made here. */
  readonly headers: Readonly<Record<string, string>>
  /** Null for none. */
  readonly body: string | null
  /** The media type that the answer must have, such as `application/json`; null for any. */
  readonly mediaType: string | null
  /** The longest body that is read, in bytes. */
  readonly mostBytes: number
  /** A longer body is refused, or only its beginning is read. */
  readonly whenLonger: 'refuse' | 'cut'
  /** For everything: the look-up of the name, the connection, the last byte. */
  readonly deadlineMilliseconds: number
}

/** An answer that was read, whole unless it was to be cut. */
export interface OutboundAnswer {
  readonly status: number
  /** The `Retry-After` of the answer, unread; null without one. */
  readonly retryAfter: string | null
  readonly body: Buffer
}

/** Why there is no answer. */
export type OutboundFault =
  | 'address_refused'
  | 'name_unknown'
  | 'unreachable'
  | 'redirect'
  | 'wrong_type'
  | 'too_large'
  | 'too_late'

/** A call without an answer. Its message names neither the URL nor what was sent, for both may hold secrets. */
export class OutboundError extends LoggableError {
  override readonly name = 'OutboundError'

  constructor(
    readonly fault: OutboundFault,
    sentence: string,
    cause?: unknown,
  ) {
    super(sentence, { cause })
  }
}
