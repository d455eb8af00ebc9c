// The span of each use case: of each field of the root types, under its name.
import type { GraphQLField, GraphQLSchema } from 'graphql'
import type { SpanFacts, Traces } from '../runtime/traces.js'
import type { GraphqlContext } from './context.js'

/** Never the operation's name, which the client chooses, nor its document or variables. */
const factsOf = (type: string, field: GraphQLField<unknown, GraphqlContext>): SpanFacts => ({
  name: `${type} ${field.name}`,
  kind: 'internal',
  attributes: { 'graphql.operation.type': type, 'graphql.field.name': field.name },
})

/** Wraps the resolvers of the root fields, guards included. A subscription has a span for each event. */
export const traceUseCases = (schema: GraphQLSchema, traces: Traces): void => {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  }
  for (const [type, root] of Object.entries(roots))
    for (const field of Object.values(root?.getFields() ?? {})) {
      const { resolve } = field
      if (resolve === undefined) continue
      const facts = factsOf(type, field)
      field.resolve = async (source, args, context: GraphqlContext, info) =>
        await traces.within(facts, () => resolve(source, args, context, info))
    }
}
