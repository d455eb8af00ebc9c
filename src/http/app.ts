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
import { createAccessLog } from '../runtime/access-log.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Random } from '../runtime/random.js'
import { addCancelResetPage, type CancelResetPageNeeds } from './cancel-reset-page.js'
import { addConfirmPage, type ConfirmPageNeeds } from './confirm-page.js'
import { addConnectionRefusals, createClientErrorHandler } from './connection-refusals.js'
import { addCors } from './cors.js'
import { encodingRefusal, refusalOf } from './framework-refusals.js'
import { addGraphqlPage, type GraphqlPageNeeds } from './graphql-page.js'
import { addGraphqlRoute, type GraphqlRouteNeeds } from './graphql-route.js'
import { addHealth, type HealthNeeds } from './health.js'
import { addHomePage } from './home-page.js'
import { requireHost, requireThisMachine } from './host.js'
import { addMailbox, type MailboxNeeds } from './mailbox-page.js'
import { closeWhenStopping } from './open-connections.js'
import { type RefusalNeeds, refusalAnswer } from './refusal.js'
import { dropRefusedBodies } from './refused-bodies.js'
import { isSetUp } from './return-url.js'
import { addScriptFiles } from './script-files.js'
import { addSecurityHeaders, securityHeadersOf } from './security-headers.js'
import { ServedMethods } from './served-methods.js'
import type { httpSettings } from './settings.js'
import { addSignInPage, type SignInPageNeeds } from './sign-in-page.js'
import { requireUsualSpelling } from './spelling.js'
import { addStreamRoute, type StreamRouteNeeds } from './stream-route.js'
import { addSurvivorRoute, type SurvivorRouteNeeds } from './survivor-route.js'
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
    SurvivorRouteNeeds,
    WellKnownNeeds,
    ConfirmPageNeeds,
    SignInPageNeeds,
    CancelResetPageNeeds {
  /** The development mailbox; null if it is not served. */
  readonly mailbox: Pick<MailboxNeeds, 'listMails' | 'findMail'> | null
}

/**
 * Interval of Node's check for slow clients, in milliseconds, which is 30 s by default. A slow client is cut off at
 * most this late.
 */
const slowClientCheckMilliseconds = 500

const refuse = (
  failure: Failure,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  needs: RefusalNeeds,
): FastifyReply => {
  const { status, headers, body } = refusalAnswer(failure, request.id, needs)
  return reply.code(status).headers(headers).send(body)
}

/** The handlers for failures before or outside of a route. */
const addErrors = (app: FastifyInstance, served: ServedMethods, needs: RefusalNeeds): void => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    // Fastify reads the body first, also where nothing is served.
    const isOfBody = request.is404 && !(error instanceof Failure) && (error.statusCode ?? 500) < 500
    const failure = isOfBody ? served.refusal(request.raw.url ?? '/') : refusalOf(error)
    return refuse(failure, { request, reply }, needs)
  })
  app.setNotFoundHandler((request, reply) =>
    refuse(served.refusal(request.raw.url ?? '/'), { request, reply }, needs),
  )
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
    const encoded = encodingRefusal(request.headers['content-encoding'])
    if (encoded !== null) return done(encoded)
    if (isUtf8(body)) return void parse(request, body.toString(), done)
    done(new Failure('BAD_USER_INPUT', 'The request is not well-formed UTF-8.'))
  })
}

/** Builds an application with the health routes; the caller calls `listen`. */
export const createApp = (needs: AppNeeds): FastifyInstance => {
  const { settings } = needs
  const securityHeaders = securityHeadersOf(needs.publicUrl)
  const refusalNeeds = { ...needs, securityHeaders }
  const app = fastify({
    logger: false,
    genReqId: () => needs.random.uuid(),
    bodyLimit: settings.maxBodyBytes,
    requestTimeout: settings.requestSeconds * 1000,
    http: {
      requestTimeout: settings.requestSeconds * 1000,
      headersTimeout: Math.min(settings.headersSeconds, settings.requestSeconds) * 1000,
      connectionsCheckingInterval: slowClientCheckMilliseconds,
      // Our own check answers like every other refusal; see host.
      requireHostHeader: false,
      // A second Host or Authorization would be ignored silently. As a list, neither is valid.
      joinDuplicateHeaders: true,
    },
    frameworkErrors: (error, request, reply) =>
      void refuse(refusalOf(error), { request, reply }, refusalNeeds),
    clientErrorHandler: createClientErrorHandler(refusalNeeds),
    forceCloseConnections: 'idle',
    // While the service drains, requests on open connections are served, then the connection is closed.
    return503OnClosing: false,
    // One spelling per route, so that a proxy's rule for a route cannot be bypassed by another spelling.
    routerOptions: { ignoreDuplicateSlashes: false, caseSensitive: true, ignoreTrailingSlash: false },
  })
  const served = new ServedMethods(app)
  addConnectionRefusals(app.server, served, refusalNeeds)
  closeWhenStopping(app)
  acceptOnlyJson(app)
  dropRefusedBodies(app)
  addErrors(app, served, refusalNeeds)
  addAccessLog(app, needs)
  addSecurityHeaders(app, securityHeaders)
  addCors(app, { ...needs, allowedOrigins: settings.allowedOrigins, served })
  requireHost(app)
  requireUsualSpelling(app, served)
  addHealth(app, needs)
  return app
}

/** Adds the API and its pages. */
export const addApi = (app: FastifyInstance, needs: ApiNeeds): void => {
  const { mailbox } = needs
  // Without this check, a page of any site could call as any account (DNS rebinding).
  if (!needs.isAuthenticationOn) requireThisMachine(app)
  addHomePage(app, needs.publicUrl, {
    mailbox: mailbox !== null,
    graphiql: needs.graphiql,
    signIn: isSetUp(needs.returnUrls),
  })
  addWellKnown(app, needs)
  addConfirmPage(app, needs)
  addSignInPage(app, needs)
  addScriptFiles(app)
  addCancelResetPage(app, needs)
  if (mailbox !== null) addMailbox(app, { ...needs, ...mailbox })
  addGraphqlRoute(app, needs)
  addGraphqlPage(app, needs)
  addStreamRoute(app, needs)
  addSurvivorRoute(app, needs)
}
