// Which kinds of operation are served where: queries and mutations at once, subscriptions as a stream.
import { GraphQLError, OperationTypeNode, type ValidationContext, type ValidationRule } from 'graphql'

/** Refuses every operation that is not served here, with a sentence that says where it is. */
const serving =
  (isServed: (operation: OperationTypeNode) => boolean, sentence: string): ValidationRule =>
  (context: ValidationContext) => ({
    OperationDefinition: (node) => {
      if (!isServed(node.operation)) context.reportError(new GraphQLError(sentence, { nodes: node }))
    },
  })

/** The rule of `POST /graphql`. */
export const servedOperationsRule = serving(
  (operation) => operation !== OperationTypeNode.SUBSCRIPTION,
  'Subscriptions are not served here. They are at POST /graphql/stream.',
)

/** The rule of `POST /graphql/stream`. */
export const streamedOperationsRule = serving(
  (operation) => operation === OperationTypeNode.SUBSCRIPTION,
  'Only subscriptions are served here. Queries and mutations are at POST /graphql.',
)
