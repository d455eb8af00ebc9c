// The connections of an application: while it stops, each is closed as soon as no request is under way on it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Closes connections when the application stops. Node and Fastify close those that are idle at that moment. They leave
 * those on which nothing was ever sent, such as the spare ones of `fetch`, for as long as the client keeps them, and
 * those with a request under way for the keep-alive time after its answer, which is 72 s.
 */
export const closeWhenStopping = (app: FastifyInstance): void => {
  /** The answers under way on each open connection, in their order; several if the client pipelines. */
  const open = new Map<Socket, Set<ServerResponse>>()
  let stopping = false
  app.server.on('connection', (socket: Socket) => {
    // It was accepted just before the port closed. The operating system resets those that still wait to be accepted.
    if (stopping) return void socket.destroy()
    open.set(socket, new Set())
    socket.once('close', () => open.delete(socket))
  })
  app.server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    open.get(socket)?.add(response)
    response.once('close', () => {
      const underWay = open.get(socket)
      underWay?.delete(response)
      if (stopping && underWay?.size === 0) socket.destroySoon()
    })
  })
  app.addHook('preClose', (done) => {
    stopping = true
    app.server.closeIdleConnections()
    for (const [socket, underWay] of open) {
      if (socket.bytesRead === 0) socket.destroy()
      // The client learns that it cannot send more on this connection (RFC 9112 9.6).
      const last = [...underWay].at(-1)
      if (last?.headersSent === false) last.setHeader('connection', 'close')
    }
    // Node no longer looks for slow clients once the port is closed.
    const cutOff = (
      milliseconds: number,
      isSlow: (underWay: ReadonlySet<ServerResponse>) => boolean,
    ): void => {
      const end = (): void => {
        for (const [socket, underWay] of open) if (isSlow(underWay)) socket.destroy()
      }
      setTimeout(end, milliseconds).unref()
    }
    cutOff(app.server.headersTimeout, ({ size }) => size === 0)
    cutOff(app.server.requestTimeout, (underWay) => [...underWay].some(({ req }) => !req.complete))
    done()
  })
}
