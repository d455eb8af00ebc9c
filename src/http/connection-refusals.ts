// Refusals of what never becomes a request of a route: malformed or slow HTTP, CONNECT, and expectations.
import { type Server, ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import type { Random } from '../runtime/random.js'
import { HttpRefusal, type RefusalAnswer, type RefusalNeeds, refusalAnswer } from './refusal.js'
import type { ServedMethods } from './served-methods.js'

/** What these refusals need. */
export interface ConnectionRefusalNeeds extends RefusalNeeds {
  readonly random: Random
}

const refusalOf = ({ code }: ConnectionError): HttpRefusal => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpRefusal(408, { sentence: 'The request took too long to arrive.', reason: code })
    case 'HPE_HEADER_OVERFLOW':
      return new HttpRefusal(431, {
        sentence: 'The headers of the request are too large.',
        code: 'QUERY_TOO_COSTLY',
        reason: code,
      })
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new HttpRefusal(413, {
        sentence: 'The request is too large.',
        code: 'QUERY_TOO_COSTLY',
        reason: code,
      })
    default:
      return new HttpRefusal(400, { sentence: 'The request is not well-formed HTTP.', reason: code })
  }
}

/** An answer as bytes, after which the connection is closed. */
const wire = ({ status, headers, body }: RefusalAnswer): string =>
  [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')

/** True if a response is being sent on the connection. Node's own listener looks at the same property. */
const isAnswering = (socket: Socket): boolean => {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return response instanceof ServerResponse && response.headersSent
}

const close = (socket: Socket, answer: RefusalAnswer): void => {
  socket.on('error', () => undefined)
  socket.end(wire(answer))
  socket.destroySoon()
}

/** Fastify's `clientErrorHandler`: answers what Node's parser refuses, and requests that arrive too slowly. */
export const createClientErrorHandler =
  (needs: ConnectionRefusalNeeds) =>
  (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) return void socket.destroy()
    close(socket, refusalAnswer(refusalOf(error), needs.random.uuid(), needs))
  }

/** Answers the two kinds of requests that Node passes to no route. */
export const addConnectionRefusals = (
  server: Server,
  served: ServedMethods,
  needs: ConnectionRefusalNeeds,
): void => {
  server.on('connect', (_request, socket: Socket) =>
    close(socket, refusalAnswer(served.refusal('*'), needs.random.uuid(), needs)),
  )
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const sentence = 'Nothing but 100-continue can be expected.'
    const { status, headers, body } = refusalAnswer(
      new HttpRefusal(417, { sentence }),
      needs.random.uuid(),
      needs,
    )
    const length = String(Buffer.byteLength(body))
    response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' }).end(body)
  })
}
