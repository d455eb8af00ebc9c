// CORS (Fetch 3.2): which pages of other origins may call from a browser, and what they may read of an answer.
import type { FastifyInstance } from 'fastify'
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

/** Adds the headers to the answers for allowed origins, and answers preflights. Most requests name no origin. */
export const addCors = (
  app: FastifyInstance,
  allowedOrigins: readonly (string | RegExp)[],
  served: ServedMethods,
): void => {
  const isAllowed = (origin: string): boolean =>
    allowedOrigins.some((allowed) =>
      typeof allowed === 'string' ? allowed === origin : allowed.test(origin),
    )
  app.addHook('onRequest', (request, reply, done) => {
    // A cache must not give the answer for one origin to another (Fetch 3.2.5).
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin !== undefined && isAllowed(origin))
      reply.header('access-control-allow-origin', origin).headers(answerHeaders)
    done()
  })
  app.options('*', (request, reply) => {
    const { headers } = request
    const isPreflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined
    if (!isPreflight) throw served.refusal(request.raw.url ?? '/')
    return reply.code(204).headers(preflightHeaders).send()
  })
}
