// The context of a subscription: its first call, and later calls with the same bearer.
import type { Call } from '../database/call.js'
import type { GraphqlContext } from './context.js'

/** What a subscription gets in addition to its arguments. */
export interface StreamContext extends GraphqlContext {
  /** The call with the current time; throws `UNAUTHENTICATED` once its bearer is no longer valid. */
  readonly renew: () => Promise<Call>
  /** Aborts when the stream ends, from either side. */
  readonly signal: AbortSignal
}
