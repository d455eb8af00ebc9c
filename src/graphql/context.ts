// The context of a GraphQL request: one call; and under whose name the fields of an answer are resolved.
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'

/** What each resolver gets beside its arguments. */
export interface GraphqlContext {
  readonly call: Call
}

const reacher = Symbol('the principal whose own this object is')

/** Marks an object as just reached by a proof: its fields are resolved as its owner's, whatever the request's bearer. */
export const reachedBy = <T extends object>(object: T, principal: Principal): T => ({
  ...object,
  [reacher]: principal,
})

/** The context in which a field of `source` is resolved. */
export const contextOf = (source: unknown, context: GraphqlContext): GraphqlContext =>
  typeof source === 'object' && source !== null && reacher in source
    ? // Only `reachedBy` knows the symbol.
      { call: context.call.by(source[reacher] as Principal) }
    : context
