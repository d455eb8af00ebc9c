// POST /graphql: makes one call per HTTP request, with the principal of its bearer.
import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
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

/** Adds the route. */
export const addGraphqlRoute = (app: FastifyInstance, needs: GraphqlRouteNeeds): void => {
  const handle = fastifyApolloHandler(needs.graphqlServer, {
    context: async (request: FastifyRequest) => await contextOf(request, needs),
  })
  app.post('/graphql', (request, reply) =>
    needs.requestScope.run(request.id, () => handle.call(app, request, reply)),
  )
}
