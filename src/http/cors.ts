// CORS (Fetch 3.2): which pages of other origins may call from a browser, and what they may read of an answer.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RefusedOrigins, type RefusedOriginsNeeds } from './refused-origins.js'
import type { ServedMethods } from './served-methods.js'

/** How long a browser may remember the answer to a preflight, in seconds. */
const preflightSeconds = 600

/** Headers of an answer that a page may read beside those that every page may (Fetch 2.2.2). */
const answerHeaders = {
  'access-control-expose-headers': 'www-authenticate, retry-after, x-request-id',
}

/** What a page may send; without credentials, because no cookies are used. */
const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, authorization, apollo-require-preflight',
  'access-control-max-age': String(preflightSeconds),
}

/** What CORS needs. */
export interface CorsNeeds extends RefusedOriginsNeeds {
  /** The pages of Idem itself, whose requests need no permission. */
  readonly publicUrl: string
  readonly allowedOrigins: readonly (string | RegExp)[]
  readonly served: ServedMethods
}

const isPreflight = ({ headers }: FastifyRequest): boolean =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined

/** Adds the headers to the answers for allowed origins, and answers preflights. Most requests name no origin. */
export const addCors = (app: FastifyInstance, needs: CorsNeeds): void => {
  const { allowedOrigins, publicUrl, served } = needs
  const refusedOrigins = new RefusedOrigins(needs)
  const isAllowed = (origin: string): boolean =>
    allowedOrigins.some((allowed) =>
      typeof allowed === 'string' ? allowed === origin : allowed.test(origin),
    )
  app.addHook('onRequest', (request, reply, done) => {
    // A cache must not give the answer for one origin to another (Fetch 3.2.5).
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined) return done()
    if (isAllowed(origin)) reply.header('access-control-allow-origin', origin).headers(answerHeaders)
    // The form of the confirm page has the origin `null`, because of our referrer policy. It has no preflight.
    else if (origin !== publicUrl && (origin !== 'null' || isPreflight(request))) refusedOrigins.note(origin)
    done()
  })
  app.options('*', (request, reply) => {
    if (!isPreflight(request)) throw served.refusal(request.raw.url ?? '/')
    return reply.code(204).headers(preflightHeaders).send()
  })
}
