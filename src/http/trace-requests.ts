// The span of each request: its method, route and status, nothing of what was sent.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SpanFacts, Traces } from '../runtime/traces.js'

/** Routes that machines call every few seconds, of which nobody wants a trace. */
const untraced: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** By the route's pattern, because a URL may hold a token. Addresses and other headers are personal, and left out. */
const factsOf = ({ method, routeOptions: { url: route } }: FastifyRequest): SpanFacts => ({
  name: route === undefined ? method : `${method} ${route}`,
  kind: 'server',
  attributes: {
    'http.request.method': method,
    ...(route === undefined ? {} : { 'http.route': route }),
    ...(route === undefined || /[:*]/.test(route) ? {} : { 'url.path': route }),
  },
})

/** Begins a span with each request, and ends it with the connection or the answer, whichever ends first. */
export const traceRequests = (app: FastifyInstance, traces: Traces): void => {
  app.addHook('onRequest', (request, reply, done) => {
    if (untraced.has(request.routeOptions.url ?? '')) return void done()
    const { traceparent } = request.headers
    const link = typeof traceparent === 'string' ? traceparent : null
    // Anybody can send a `traceparent`. Continued, it would decide what is sampled and mix foreign spans into a trace.
    const span = traces.begin(factsOf(request), { requestId: request.id, parent: null, link })
    reply.raw.once('close', () => {
      const { statusCode, writableFinished } = reply.raw
      const isWell = statusCode < 500
      span.end(
        {
          'http.response.status_code': statusCode,
          ...(isWell ? {} : { 'error.type': String(statusCode) }),
          ...(writableFinished ? {} : { 'idem.aborted': true }),
        },
        isWell ? 'well' : 'failed',
      )
    })
    span.hold(done)
  })
}
