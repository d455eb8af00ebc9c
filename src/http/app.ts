// The HTTP application: routes, limits, headers, and how every request is logged.
import { isUtf8 } from 'node:buffer'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { ValuesOf } from '../config/setting.js'
import { Failure } from '../failure.js'
import { asFailure, httpOf, logRefusal, publicExtensions } from '../graphql/failures.js'
import { createAccessLog } from '../runtime/access-log.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Random } from '../runtime/random.js'
import { addConfirmPage, type ConfirmPageNeeds } from './confirm-page.js'
import { addCors } from './cors.js'
import { addGraphqlPage, type GraphqlPageNeeds } from './graphql-page.js'
import { addGraphqlRoute, type GraphqlRouteNeeds } from './graphql-route.js'
import { addHealth, type HealthNeeds } from './health.js'
import { addHomePage } from './home-page.js'
import { requireThisMachine } from './host.js'
import { addMailbox, type MailboxNeeds } from './mailbox-page.js'
import { addSecurityHeaders } from './security-headers.js'
import type { httpSettings } from './settings.js'
import { addStreamRoute, type StreamRouteNeeds } from './stream-route.js'
import { addWellKnown, type WellKnownNeeds } from './well-known.js'

/** What every application needs, also that of a worker. */
export interface AppNeeds extends HealthNeeds {
  readonly publicUrl: string
  readonly settings: ValuesOf<typeof httpSettings>
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
}

/** What the API needs. */
export interface ApiNeeds
  extends GraphqlRouteNeeds,
    GraphqlPageNeeds,
    StreamRouteNeeds,
    WellKnownNeeds,
    ConfirmPageNeeds {
  /** The development mailbox; null if it is not served. */
  readonly mailbox: Pick<MailboxNeeds, 'listMails' | 'findMail'> | null
}

/**
 * Interval of Node's check for slow clients, in milliseconds, which is 30 s by default. A slow client is cut off at
 * most this late.
 */
const slowClientCheckMilliseconds = 500

/** Sentences for the refusals of Fastify itself. */
const failureOf = (error: FastifyError): Failure => {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Failure('QUERY_TOO_COSTLY', 'The request is too large.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Failure('BAD_USER_INPUT', 'Send the query as JSON, with content-type: application/json.')
    case 'FST_ERR_BAD_URL':
      return new Failure('BAD_USER_INPUT', 'The address is not well-formed.')
    default:
      return error.statusCode !== undefined && error.statusCode < 500
        ? new Failure('BAD_USER_INPUT', 'The request is not well-formed JSON.', { reason: error.code })
        : asFailure(error)
  }
}

/** The error handler for failures before or outside of a route. */
const refuse =
  ({ logger, metrics }: Pick<AppNeeds, 'logger' | 'metrics'>) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = failureOf(error)
    metrics.refusals.inc({ code: failure.code })
    logRefusal(logger.child({ requestId: request.id }), failure)
    const { status, headers } = httpOf(failure)
    const extensions = publicExtensions(failure, request.id)
    return reply
      .code(status)
      .headers({ ...Object.fromEntries(headers), 'x-request-id': request.id })
      .send({ errors: [{ message: failure.message, extensions }] })
  }

const addErrors = (app: FastifyInstance, needs: AppNeeds): void => {
  app.setErrorHandler(refuse(needs))
  app.setNotFoundHandler((request, reply) => {
    const extensions = { code: 'NOT_FOUND', requestId: request.id }
    return reply
      .code(404)
      .send({ errors: [{ message: 'Nothing is served here. GraphQL is at POST /graphql.', extensions }] })
  })
}

/** Logs and counts each request by its route's pattern. */
const addAccessLog = (app: FastifyInstance, { logger, metrics }: AppNeeds): void => {
  const logAccess = createAccessLog(logger)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const { statusCode: status, elapsedTime } = reply
    metrics.requestSeconds.observe({ route, status: String(status) }, elapsedTime / 1000)
    const { id: requestId, method } = request
    logAccess({ requestId, method, route, status, milliseconds: Math.round(elapsedTime) })
    done()
  })
}

/**
 * Only JSON bodies in valid UTF-8 are accepted (RFC 8259 8.1); a decoder would replace invalid bytes by U+FFFD
 * silently.
 */
const acceptOnlyJson = (app: FastifyInstance): void => {
  app.removeContentTypeParser('text/plain')
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUtf8(body)) return void parse(request, body.toString(), done)
    done(new Failure('BAD_USER_INPUT', 'The request is not well-formed UTF-8.'))
  })
}

/** Builds an application with the health routes; the caller calls `listen`. */
export const createApp = (needs: AppNeeds): FastifyInstance => {
  const { settings } = needs
  const app = fastify({
    logger: false,
    genReqId: () => needs.random.uuid(),
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: settings.maxBodyBytes,
    requestTimeout: settings.requestSeconds * 1000,
    http: {
      requestTimeout: settings.requestSeconds * 1000,
      headersTimeout: Math.min(settings.headersSeconds, settings.requestSeconds) * 1000,
      connectionsCheckingInterval: slowClientCheckMilliseconds,
    },
    frameworkErrors: refuse(needs),
    forceCloseConnections: 'idle',
    // While the service drains, requests on open connections are served, then the connection is closed.
    return503OnClosing: false,
    // One spelling per route, so that a proxy's rule for a route cannot be bypassed by another spelling.
    routerOptions: { ignoreDuplicateSlashes: false, caseSensitive: true, ignoreTrailingSlash: false },
  })
  acceptOnlyJson(app)
  addErrors(app, needs)
  addAccessLog(app, needs)
  addSecurityHeaders(app, needs.publicUrl)
  addCors(app, settings.allowedOrigins)
  addHealth(app, needs)
  return app
}

/** Adds the API and its pages. */
export const addApi = (app: FastifyInstance, needs: ApiNeeds): void => {
  const { mailbox } = needs
  // Without this check, a page of any site could call as any account (DNS rebinding).
  if (!needs.isAuthenticationOn) requireThisMachine(app)
  addHomePage(app, needs.publicUrl, { mailbox: mailbox !== null, graphiql: needs.graphiql })
  addWellKnown(app, needs)
  addConfirmPage(app, needs)
  if (mailbox !== null) addMailbox(app, { ...needs, ...mailbox })
  addGraphqlRoute(app, needs)
  addGraphqlPage(app, needs)
  addStreamRoute(app, needs)
}
