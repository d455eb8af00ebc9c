// The rest of a body that was refused before it was read, such as one that is too large.
import type { FastifyInstance } from 'fastify'

/** What is read and dropped of a refused body at most, in bytes: 16 times the default limit, as much as nginx passes. */
const mostDroppedBytes = 1_048_576

/**
 * Reads and drops the rest of a refused body, and keeps the connection open. Fastify closes it while the client still
 * sends; the operating system then resets it, so that the client, above all a proxy, may lose the answer and report
 * 502. A larger body is not worth its transfer, and a slow one ends at the limit for requests.
 */
export const dropRefusedBodies = (app: FastifyInstance): void => {
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!request.raw.complete && Number(request.headers['content-length']) <= mostDroppedBytes)
      reply.removeHeader('connection')
    done()
  })
}
