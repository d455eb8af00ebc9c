// The context of a GraphQL request: one call.
import type { Call } from '../database/call.js'

/** What each resolver gets beside its arguments. */
export interface GraphqlContext {
  readonly call: Call
}
