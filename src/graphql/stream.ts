// GraphQL over server-sent events: runs subscriptions, formats results and errors.
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  locatedError,
  parse,
  subscribe,
} from 'graphql'
import { createHandler, type RequestParams, type Response } from 'graphql-sse'
import type { ValuesOf } from '../config/setting.js'
import { Failure, type FailureCode } from '../failure.js'
import { createDocumentCheck } from './check-document.js'
import { problemsOfVariables } from './check-text.js'
import { statusOfCode } from './failures.js'
import { createFormatError, type FailureEdge } from './format-error.js'
import type { ListBounds } from './list-lengths.js'
import { logErrors } from './refusal-log.js'
import { streamedOperationsRule } from './served-operations.js'
import type { graphqlSettings } from './settings.js'
import type { StreamContext } from './stream-context.js'

/** What `createGraphqlStream` needs. */
export interface GraphqlStreamOptions extends Omit<FailureEdge, 'suggestions'> {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
  readonly lists: ListBounds
}

/** Answers a request with a refusal or a stream of events. Throws errors that refuse the whole request. */
export type GraphqlStream = (body: unknown, context: StreamContext) => Promise<Response>

/** Formats the errors of an answer. */
type Format = (errors: readonly GraphQLError[]) => GraphQLError[]

/** Handles requests in the distinct connections mode of graphql-sse: one subscription per request. */
export const createGraphqlStream = (options: GraphqlStreamOptions): GraphqlStream => {
  const { schema, settings, lists } = options
  const format = createFormat({ ...options, suggestions: settings.introspection })
  const check = createDocumentCheck({ schema, settings, lists, servedOperations: streamedOperationsRule })
  const handle = createHandler<null, StreamContext>({
    // Without stream tokens, so that a client cannot join another client's stream.
    authenticate: () => null,
    onSubscribe: async ({ context }, params) => {
      const document = parseDocument(params.query, settings.maxTokens)
      const problems = document instanceof GraphQLError ? [document] : check(document)
      if (document instanceof GraphQLError || problems.length > 0) return refusal(format(problems))
      const ofVariables = problemsOfVariables(params.variables)
      if (ofVariables.length > 0) return refusal(format(ofVariables))
      const begun = await subscribe({
        schema,
        document,
        contextValue: context,
        operationName: params.operationName,
        variableValues: params.variables,
      })
      if ('next' in begun) return results(begun, format)
      const errors = format(begun.errors ?? [])
      return errors.some(isWhole) ? refusal(errors) : { data: null, errors }
    },
  })
  const headers = new Map([
    ['accept', 'text/event-stream'],
    ['content-type', 'application/json'],
  ])
  return async (body, context) =>
    await handle({
      method: 'POST',
      url: '/graphql/stream',
      headers: { get: (name) => headers.get(name) },
      body: { ...parseParams(body) },
      raw: null,
      context,
    })
}

/** The validated parameters of a request (GraphQL over HTTP 5.2). */
const parseParams = (body: unknown): RequestParams => {
  const field = (name: string): unknown =>
    typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
  const [query, operationName, variables] = [field('query'), field('operationName'), field('variables')]
  if (typeof query !== 'string') throw wrong('query', 'Send a subscription as "query".')
  if (operationName != null && typeof operationName !== 'string')
    throw wrong('operationName', 'The name of an operation is a text.')
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw wrong('variables', 'The variables are an object.')
  return {
    query,
    // Some clients send an empty name for none.
    ...(operationName == null || operationName === '' ? {} : { operationName }),
    // It is an object, as checked above; graphql-js validates its content.
    ...(variables == null ? {} : { variables: variables as Record<string, unknown> }),
  }
}

const wrong = (field: string, sentence: string): Failure => new Failure('BAD_USER_INPUT', sentence, { field })

const parseDocument = (query: string, maxTokens: number): DocumentNode | GraphQLError => {
  try {
    return parse(query, { maxTokens })
  } catch (error) {
    if (error instanceof GraphQLError) return error
    // graphql-js parses recursively, so a deep document overflows the stack.
    if (error instanceof RangeError)
      throw new Failure('QUERY_TOO_COSTLY', 'The query nests more deeply than it can be read.')
    throw error
  }
}

const createFormat = (edge: FailureEdge): Format => {
  const formatError = createFormatError(edge)
  return (errors) => {
    logErrors(edge, errors)
    return errors.map((error) => {
      const { message, path, extensions } = formatError(error.toJSON(), error)
      return new GraphQLError(message, {
        path: path ?? null,
        extensions: extensions ?? null,
        nodes: error.nodes ?? null,
      })
    })
  }
}

/** True for errors with an HTTP status: no field was resolved, or the request is to be repeated later. */
const isWhole = ({ path, extensions }: GraphQLError): boolean =>
  path === undefined || extensions['code'] === 'RATE_LIMITED' || extensions['code'] === 'UNAVAILABLE'

/** Refuses the whole request. */
const refusal = (errors: readonly GraphQLError[]): Response => {
  const { code, retryAfterSeconds } = errors[0]?.extensions ?? {}
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  }
  // Formatted, so that its code is of the closed list.
  return [JSON.stringify({ errors }), { status: statusOfCode(code as FailureCode), statusText: '', headers }]
}

/** The formatted results. An error that ends the stream early is the last result. */
async function* results(
  begun: AsyncGenerator<ExecutionResult, void>,
  format: Format,
): AsyncGenerator<ExecutionResult, void> {
  let path: string[] = []
  try {
    for await (const { data, errors } of begun) {
      path = Object.keys(data ?? {})
      yield { data: data ?? null, ...(errors === undefined ? {} : { errors: format(errors) }) }
    }
  } catch (error) {
    yield { data: null, errors: format([locatedError(error, undefined, path)]) }
  }
}
