// POST /graphql: makes one call per HTTP request, with the principal of its bearer.
import { type ApolloServer, HeaderMap } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AuthenticateRequestNeeds, authenticateRequest } from '../authentication/authenticate-request.js'
import type { GraphqlContext } from '../graphql/context.js'
import { refuseRequest } from '../graphql/failures.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { answerTypeFor } from './answer-type.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'

/** What the GraphQL route needs. */
export interface GraphqlRouteNeeds extends AuthenticateRequestNeeds, CallOfRequestNeeds {
  readonly graphqlServer: ApolloServer<GraphqlContext>
  readonly requestScope: RequestScope
}

const contextOf = async (request: FastifyRequest, needs: GraphqlRouteNeeds): Promise<GraphqlContext> => {
  const call = callOfRequest(request, needs)
  try {
    return { call: call.by(await authenticateRequest(call, request.headers.authorization, needs)) }
  } catch (error) {
    throw refuseRequest(error)
  }
}

/** The headers for Apollo. Node joins those that came more than once; only `set-cookie`, which is of no request, stays a list. */
const headersOf = ({ headers }: FastifyRequest): HeaderMap => {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') map.set(name, value)
  const type = answerTypeFor(headers.accept)
  if (type === null) map.delete('accept')
  else map.set('accept', type)
  return map
}

/** The body, with an empty operation name as none, which some clients send (graphql-js would look for it). */
const bodyOf = ({ body }: FastifyRequest): unknown =>
  typeof body === 'object' && body !== null && 'operationName' in body && body.operationName === ''
    ? { ...body, operationName: null }
    : body

/** Lets Apollo answer. It gets no query string, because a query there is not served. */
const answer = async (
  request: FastifyRequest,
  reply: FastifyReply,
  needs: GraphqlRouteNeeds,
): Promise<string> => {
  const { status, headers, body } = await needs.graphqlServer.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers: headersOf(request), search: '', body: bodyOf(request) },
    context: () => contextOf(request, needs),
  })
  if (body.kind !== 'complete') throw new Error('the schema has nothing that is delivered in pieces')
  reply.code(status ?? 200)
  for (const [name, value] of headers) reply.header(name, value)
  // An answer may hold tokens, and is its asker's alone.
  reply.header('cache-control', 'no-store')
  return body.string
}

/** Adds the route. */
export const addGraphqlRoute = (app: FastifyInstance, needs: GraphqlRouteNeeds): void => {
  app.post('/graphql', (request, reply) =>
    needs.requestScope.run(request.id, () => answer(request, reply, needs)),
  )
}
