// The context of a subscription: the call that began it, and the same call later on.
import type { Call } from '../database/call.js'
import type { GraphqlContext } from './context.js'

/** What a subscription gets beside its arguments. */
export interface StreamContext extends GraphqlContext {
  /** The call as if it were made now; throws `UNAUTHENTICATED` once its bearer no longer holds. */
  readonly renew: () => Promise<Call>
  /** Aborts when the stream ends, whoever ends it. */
  readonly signal: AbortSignal
}
