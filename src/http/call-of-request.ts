// One HTTP request becomes one call.
import type { FastifyRequest } from 'fastify'
import { Call } from '../database/call.js'
import type { Database } from '../database/database.js'
import type { Clock } from '../runtime/clock.js'
import type { ClientAddress } from './client-address.js'
import { clientSource } from './client-source.js'

/** What a call needs. */
export interface CallOfRequestNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly clientAddress: ClientAddress
}

/** The call of a request whose bearer has not been verified yet: its principal is null. */
export const callOfRequest = (
  request: FastifyRequest,
  { database, clock, clientAddress }: CallOfRequestNeeds,
): Call =>
  new Call(database, {
    principal: null,
    now: clock.now(),
    requestId: request.id,
    source: clientSource({
      address: clientAddress(request.headers, request.socket.remoteAddress),
      userAgent: request.headers['user-agent'],
      acceptLanguage: request.headers['accept-language'],
    }),
  })
