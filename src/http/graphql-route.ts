// POST /graphql: one HTTP request becomes one call.
import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AuthenticateRequestRooms, authenticateRequest } from '../authentication/authenticate-request.js'
import { Call } from '../database/call.js'
import type { Database } from '../database/database.js'
import type { GraphqlContext } from '../graphql/context.js'
import { refuseRequest } from '../graphql/failures.js'
import type { Clock } from '../runtime/clock.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { clientSource } from './client-source.js'

/** What the GraphQL route works with. */
export interface GraphqlRouteRooms extends AuthenticateRequestRooms {
  readonly graphqlServer: ApolloServer<GraphqlContext>
  readonly database: Database
  readonly clock: Clock
  readonly requestScope: RequestScope
}

const contextOf = async (request: FastifyRequest, rooms: GraphqlRouteRooms): Promise<GraphqlContext> => {
  const call = new Call(rooms.database, {
    principal: null,
    now: rooms.clock.now(),
    requestId: request.id,
    source: clientSource({
      forwarded: request.ip,
      peer: request.socket.remoteAddress,
      userAgent: request.headers['user-agent'],
    }),
  })
  try {
    return { call: call.by(await authenticateRequest(call, request.headers.authorization, rooms)) }
  } catch (error) {
    throw refuseRequest(error)
  }
}

/** Adds the route. */
export const addGraphqlRoute = (app: FastifyInstance, rooms: GraphqlRouteRooms): void => {
  const handle = fastifyApolloHandler(rooms.graphqlServer, {
    context: async (request: FastifyRequest) => await contextOf(request, rooms),
  })
  app.post('/graphql', (request, reply) =>
    rooms.requestScope.run(request.id, () => handle.call(app, request, reply)),
  )
  // A GET changes nothing, and a query in a URL ends up in logs.
  app.get('/graphql', (request, reply) => {
    const extensions = { code: 'BAD_USER_INPUT', requestId: request.id }
    return reply
      .code(405)
      .header('allow', 'POST')
      .send({ errors: [{ message: 'GraphQL is served at POST /graphql.', extensions }] })
  })
}
