// How an error of GraphQL leaves: one code of the closed list, a sentence safe to show, nothing else.
import { ApolloServerErrorCode } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError, isValueNode, Kind } from 'graphql'
import { Failure, type FailureCode } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { asFailure, publicExtensions } from './failures.js'

/** What the edge needs to translate an error. */
export interface FailureEdge {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly requestScope: RequestScope
  /** False where suggestions ("Did you mean …") would tell of what introspection hides. */
  readonly suggestions: boolean
}

/** The innermost error that graphql-js wrapped. */
const originOf = (thrown: unknown): unknown =>
  thrown instanceof GraphQLError && thrown.originalError !== undefined
    ? originOf(thrown.originalError)
    : thrown

/**
 * True for what graphql-js itself says of a request: of its document or variables, before a field was reached; or of the
 * value of an argument, which it then points at. What it says of a result points at a field, and is a bug of ours.
 */
const isOfRequest = (thrown: unknown, origin: unknown): origin is GraphQLError => {
  if (!(origin instanceof GraphQLError)) return false
  if (thrown instanceof GraphQLError && thrown.path === undefined) return true
  const { nodes = [] } = origin
  return (
    nodes.length > 0 && nodes.every((node) => isValueNode(node) || node.kind === Kind.VARIABLE_DEFINITION)
  )
}

/** graphql-js reads by recursion, and ends where the stack does. */
const isTooDeepToParse = (thrown: unknown, origin: unknown): boolean =>
  origin instanceof RangeError &&
  thrown instanceof GraphQLError &&
  thrown.extensions['code'] === ApolloServerErrorCode.GRAPHQL_PARSE_FAILED

/** graphql-js puts the name of the variable, argument or field that it complains about in quotes. */
const fieldIn = (message: string): string | undefined => /"\$?(?:\w+\.)*(\w+)"/.exec(message)?.[1]

/** The failure behind a request that graphql-js refused. */
const requestFailure = (message: string, origin: GraphQLError, suggestions: boolean): Failure => {
  const isLimit = origin.extensions['code'] === 'QUERY_TOO_COSTLY' || /more tha[nt] \d+ tokens/.test(message)
  const code: FailureCode = isLimit ? 'QUERY_TOO_COSTLY' : 'BAD_USER_INPUT'
  if (message.startsWith('GraphQL introspection'))
    return new Failure('BAD_USER_INPUT', 'Introspection is off here. The schema is in schema/idem.graphql.')
  const sentence = suggestions ? message : message.replace(/ ?Did you mean .*$/, '')
  const field = code === 'BAD_USER_INPUT' ? fieldIn(sentence) : undefined
  return new Failure(code, sentence, field === undefined ? {} : { field })
}

/** The failure behind an error as Apollo or graphql-js hands it out. */
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
