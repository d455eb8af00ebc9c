// Refuses other spellings of an address that is served, with which a request would pass a rule of a proxy for it.
import type { FastifyInstance } from 'fastify'
import type { ServedMethods } from './served-methods.js'

/** An escape or a fragment in front of the query. No address of Idem has one, and the router would read it as none. */
const otherSpelling = /^[^?]*[%#]/

/** Adds the check. What it refuses is not found, like every address that is not served. */
export const requireUsualSpelling = (app: FastifyInstance, served: ServedMethods): void => {
  app.addHook('onRequest', ({ raw: { url = '/' }, routeOptions }, _reply, done) => {
    // Most requests name their route as it is.
    if (url === routeOptions.url || !otherSpelling.test(url)) return done()
    done(served.refusal(url))
  })
}
