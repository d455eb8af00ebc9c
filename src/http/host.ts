// The host that a request names. A page of another site that has its name resolved to us (DNS rebinding) names that site.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback } from '../config/loopback.js'
import { Failure } from '../failure.js'

/** True when the request names this machine as its host. */
export const namesThisMachine = ({ headers: { host = '' } }: Pick<FastifyRequest, 'headers'>): boolean =>
  isLoopback(host.replace(/:\d+$/, ''))

/** Refuses every request that names another host: for a service that believes whoever reaches it. */
export const requireThisMachine = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    if (namesThisMachine(request)) return done()
    done(
      new Failure('BAD_USER_INPUT', 'While authentication is off, the host must be localhost or 127.0.0.1.', {
        reason: 'the host is not this machine',
      }),
    )
  })
}
