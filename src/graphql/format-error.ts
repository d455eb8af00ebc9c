// Formats GraphQL errors for clients: a code of the closed list, a safe sentence, nothing else.
import { ApolloServerErrorCode } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError, isValueNode, Kind } from 'graphql'
import { Failure, type FailureCode } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { asFailure, publicExtensions } from './failures.js'

/** What formatting an error needs. */
export interface FailureEdge {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly requestScope: RequestScope
  /** False if suggestions ("Did you mean …") would disclose names that introspection hides. */
  readonly suggestions: boolean
}

/** The innermost error inside graphql-js's wrappers. */
const originOf = (thrown: unknown): unknown =>
  thrown instanceof GraphQLError && thrown.originalError !== undefined
    ? originOf(thrown.originalError)
    : thrown

/**
 * True for graphql-js's own errors about a request: about its document or variables, before a field was resolved, or
 * about the value of an argument, at which the error then points. Its errors about a result point at a field, and are
 * our bugs.
 */
const isOfRequest = (thrown: unknown, origin: unknown): origin is GraphQLError => {
  if (!(origin instanceof GraphQLError)) return false
  if (thrown instanceof GraphQLError && thrown.path === undefined) return true
  const { nodes = [] } = origin
  return (
    nodes.length > 0 && nodes.every((node) => isValueNode(node) || node.kind === Kind.VARIABLE_DEFINITION)
  )
}

/** True for a stack overflow of graphql-js, which parses recursively. */
const isTooDeepToParse = (thrown: unknown, origin: unknown): boolean =>
  origin instanceof RangeError &&
  thrown instanceof GraphQLError &&
  thrown.extensions['code'] === ApolloServerErrorCode.GRAPHQL_PARSE_FAILED

/** The variable, argument or field of an error, which graphql-js puts in quotes. */
const fieldIn = (message: string): string | undefined => /"\$?(?:\w+\.)*(\w+)"/.exec(message)?.[1]

/** The failure for a request that graphql-js refused. */
const requestFailure = (message: string, origin: GraphQLError, suggestions: boolean): Failure => {
  const isLimit = origin.extensions['code'] === 'QUERY_TOO_COSTLY' || /more tha[nt] \d+ tokens/.test(message)
  const code: FailureCode = isLimit ? 'QUERY_TOO_COSTLY' : 'BAD_USER_INPUT'
  if (message.startsWith('GraphQL introspection'))
    return new Failure('BAD_USER_INPUT', 'Introspection is off here. The schema is in schema/idem.graphql.')
  const sentence = suggestions ? message : message.replace(/ ?Did you mean .*$/, '')
  const field = code === 'BAD_USER_INPUT' ? fieldIn(sentence) : undefined
  return new Failure(code, sentence, field === undefined ? {} : { field })
}

/** The failure for an error of Apollo or graphql-js. */
export const failureOf = (thrown: unknown, suggestions: boolean): Failure => {
  const origin = originOf(thrown)
  if (isTooDeepToParse(thrown, origin))
    return new Failure('QUERY_TOO_COSTLY', 'The query nests more deeply than it can be read.')
  if (!isOfRequest(thrown, origin)) return asFailure(origin)
  return requestFailure(thrown instanceof Error ? thrown.message : origin.message, origin, suggestions)
}

/** Apollo's `formatError`. */
export const createFormatError =
  ({ requestScope, suggestions }: Pick<FailureEdge, 'requestScope' | 'suggestions'>) =>
  ({ locations, path }: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const failure = failureOf(thrown, suggestions)
    return {
      message: failure.message,
      ...(locations === undefined ? {} : { locations }),
      ...(path === undefined ? {} : { path }),
      extensions: publicExtensions(failure, requestScope.requestId),
    }
  }
