// Checks the `Host` of requests. With DNS rebinding, a page of another site sends that site's name as the `Host`.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback } from '../config/loopback.js'
import { Failure } from '../failure.js'

/** True if the request's `Host` is a loopback name. */
export const namesThisMachine = ({ headers: { host = '' } }: Pick<FastifyRequest, 'headers'>): boolean =>
  isLoopback(host.replace(/:\d+$/, ''))

/** Refuses every request with another `Host`, for a service without authentication. */
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
