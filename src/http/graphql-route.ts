// POST /graphql: makes one call per HTTP request, with the principal of its bearer.
import { type ApolloServer, HeaderMap } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AuthenticateRequestNeeds, authenticateRequest } from '../authentication/authenticate-request.js'
import type { GraphqlContext } from '../graphql/context.js'
import { refuseRequest } from '../graphql/failures.js'
import type { RequestScope } from '../runtime/request-scope.js'
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

/** What clients accept of which the answer is plain JSON. */
const asksForJson: ReadonlySet<string> = new Set(['application/json', '*/*'])

/** The headers for Apollo. Node joins those that came more than once; only `set-cookie`, which is of no request, stays a list. */
const headersOf = ({ headers }: FastifyRequest): HeaderMap => {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') map.set(name, value)
  // Without the header the answer is JSON, and no media types are compared to find that out.
  if (asksForJson.has(headers.accept ?? '')) map.delete('accept')
  return map
}

/** Lets Apollo answer. It gets no query string, because a query there is not served. */
const answer = async (
  request: FastifyRequest,
  reply: FastifyReply,
  needs: GraphqlRouteNeeds,
): Promise<string> => {
  const { status, headers, body } = await needs.graphqlServer.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers: headersOf(request), search: '', body: request.body },
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
