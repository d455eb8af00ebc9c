// The headers that tell browsers to be strict with what we send.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

/** One year, in seconds: what browsers' preload lists ask for at least. */
const strictTransportSeconds = 31_536_000

/** No scripts, no frames, no sniffing; HTTPS only, where we are served so. */
const headersOf = (publicUrl: string): Record<string, string> => {
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: strictTransportSeconds },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    // The API is there for other origins; CORS says for which.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // For browsers that are gone: bytes on every answer, protection for nobody.
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  setHeaders(request, response, () => undefined)
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  )
}

/** Adds the headers to every answer. They never differ, so helmet is asked once, at the start. */
export const addSecurityHeaders = (app: FastifyInstance, publicUrl: string): void => {
  const headers = headersOf(publicUrl)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
