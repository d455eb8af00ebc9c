// GET /accounts/{id}/survivor: to which account an old id leads now, for services without a GraphQL client.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type GetSurvivorNeeds, getSurvivor } from '../accounts/get-survivor.js'
import { type AuthenticateRequestNeeds, authenticateRequest } from '../authentication/authenticate-request.js'
import { requirePrincipal, requireScopes } from '../authorization/authorize.js'
import type { Scope } from '../authorization/scope.js'
import { Failure } from '../failure.js'
import { parseId } from '../graphql/parse-id.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { fieldOf } from './form-field.js'
import { HttpRefusal } from './refusal.js'

/** What the route needs. */
export interface SurvivorRouteNeeds extends AuthenticateRequestNeeds, CallOfRequestNeeds, GetSurvivorNeeds {
  readonly requestScope: RequestScope
}

/** The answer. */
interface SurvivorAnswer {
  /** The id that was asked for, in lower case. */
  readonly id: string
  /** The account of today; the same id unless it was absorbed. */
  readonly survivor: string
}

const scope: Scope = 'account:read'

/** The refusal with the status of RFC 6750 3.1 or RFC 9110 15.5.5, where the code alone has none. */
const asHttpRefusal = (error: unknown): unknown => {
  if (!(error instanceof Failure)) return error
  const { code, message: sentence, details } = error
  if (code === 'NOT_FOUND') return new HttpRefusal(404, { code, sentence })
  if (code !== 'FORBIDDEN') return error
  const { requiredScopes = [] } = details
  const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` }
  return new HttpRefusal(403, { code, sentence, headers, requiredScopes })
}

const answer = async (request: FastifyRequest, needs: SurvivorRouteNeeds): Promise<SurvivorAnswer> => {
  const anyone = callOfRequest(request, needs)
  const call = anyone.by(await authenticateRequest(anyone, request.headers.authorization, needs))
  requireScopes(requirePrincipal(call.principal), [[scope]])
  const id = parseId(fieldOf(request.params, 'id') ?? '')
  return { id, survivor: (await getSurvivor(call, id, needs)).id }
}

/** Adds the route. */
export const addSurvivorRoute = (app: FastifyInstance, needs: SurvivorRouteNeeds): void => {
  app.get('/accounts/:id/survivor', (request, reply) =>
    needs.requestScope.run(request.id, async () => {
      try {
        // What it leads to changes, and whoever may ask is named by a bearer.
        return await reply.header('cache-control', 'no-store').send(await answer(request, needs))
      } catch (error) {
        throw asHttpRefusal(error)
      }
    }),
  )
}
