// The headers that tell browsers to be strict with what we send.

import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** Adds the headers to every answer: no scripts, no frames, no sniffing; HTTPS for a year where we are served so. */
export const addSecurityHeaders = async (app: FastifyInstance, publicUrl: string): Promise<void> => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: 31_536_000 },
    referrerPolicy: { policy: 'no-referrer' },
    // The API is there for other origins; CORS says for which.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  })
}
