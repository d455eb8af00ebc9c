// Finds a port for a server that cannot be told to pick one itself.
import { createServer } from 'node:net'

/** A port of this machine that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const { promise, resolve: found, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return await promise
}
