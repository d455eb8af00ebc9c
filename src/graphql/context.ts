// The context of a GraphQL request: one call, and the principal with which the fields of an answer are resolved.
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'

/** What each resolver gets in addition to its arguments. */
export interface GraphqlContext {
  readonly call: Call
}

const reacher = Symbol('the principal whose own this object is')

/**
 * Marks an object that a proof has just given access to: its fields are resolved with the owner's principal, not the
 * bearer's.
 */
export const reachedBy = <T extends object>(object: T, principal: Principal): T => ({
  ...object,
  [reacher]: principal,
})

/** The context for the fields of `source`. */
export const contextOf = (source: unknown, context: GraphqlContext): GraphqlContext =>
  typeof source === 'object' && source !== null && reacher in source
    ? // Only `reachedBy` sets the symbol.
      { call: context.call.by(source[reacher] as Principal) }
    : context
