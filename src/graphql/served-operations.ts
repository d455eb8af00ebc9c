// Which kinds of operation are served: those that the schema has a root type for.
import { GraphQLError, type ValidationContext, type ValidationRule } from 'graphql'

/** Refuses what graphql-js would only notice when it executes, as if it were our fault. */
export const servedOperationsRule: ValidationRule = (context: ValidationContext) => ({
  OperationDefinition: (node) => {
    if (context.getSchema().getRootType(node.operation)) return
    context.reportError(new GraphQLError(`There are no ${node.operation}s here.`, { nodes: node }))
  },
})
