// Restricts the kinds of operation per route: queries and mutations on one, subscriptions on the other.
import { GraphQLError, OperationTypeNode, type ValidationContext, type ValidationRule } from 'graphql'

/** Refuses operations of other kinds, with a sentence that names their route. */
const serving =
  (isServed: (operation: OperationTypeNode) => boolean, sentence: string): ValidationRule =>
  (context: ValidationContext) => ({
    OperationDefinition: (node) => {
      if (!isServed(node.operation)) context.reportError(new GraphQLError(sentence, { nodes: node }))
    },
  })

const subscriptionsElsewhere = 'Subscriptions are not served here. They are at POST /graphql/stream.'

/** True for the error of a subscription at `POST /graphql`. */
export const isSubscriptionElsewhere = ({ message }: GraphQLError): boolean =>
  message === subscriptionsElsewhere

/** The rule of `POST /graphql`. */
export const servedOperationsRule = serving(
  (operation) => operation !== OperationTypeNode.SUBSCRIPTION,
  subscriptionsElsewhere,
)

/** The rule of `POST /graphql/stream`. */
export const streamedOperationsRule = serving(
  (operation) => operation === OperationTypeNode.SUBSCRIPTION,
  'Only subscriptions are served here. Queries and mutations are at POST /graphql.',
)
