// Listens for requests. `localhost` has an address in each family, and one HTTP server answers at all of them.
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** What a machine answers that has no such address, for example one without IPv6 whose list of hosts names `::1`. */
const noSuchAddress: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** The addresses to listen on: all those of `localhost`, IPv4 first, or the one that is given. */
export const addressesOf = async (host: string): Promise<readonly string[]> => {
  if (host !== 'localhost') return [host]
  const found = await lookup(host, { all: true })
  return found.toSorted((one, other) => one.family - other.family).map(({ address }) => address)
}

/** Takes connections at another address for the application's server. Null if this machine has no such address. */
const openDoor = async (app: FastifyInstance, address: string, port: number): Promise<Server | null> => {
  // The options that an HTTP server sets for its own connections.
  const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    app.server.emit('connection', socket),
  )
  try {
    await once(door.listen({ host: address, port }), 'listening')
    return door
  } catch (error) {
    if (error instanceof Error && 'code' in error && noSuchAddress.has(error.code)) return null
    throw error
  }
}

/**
 * Listens at all these addresses until the application is closed. Not with several servers, as Fastify does for
 * `localhost`: what Node's parser refuses would be answered by our listeners on the first one only. Throws what
 * prevents it, for example that the port is in use at one of them.
 */
export const listen = async (
  app: FastifyInstance,
  { addresses, port }: { readonly addresses: readonly string[]; readonly port: number },
): Promise<void> => {
  const [first = '', ...others] = addresses
  const doors: Server[] = []
  let closed: readonly Promise<unknown>[] = []
  // All addresses stop to take connections at the same time. A door counts those that came through it as its own.
  app.addHook('preClose', (done) => {
    closed = doors.map(async (door) => await once(door.close(), 'close'))
    done()
  })
  app.addHook('onClose', async () => void (await Promise.all(closed)))
  await app.listen({ host: first, port })
  for (const address of others) {
    const door = await openDoor(app, address, port)
    if (door !== null) doors.push(door)
  }
}
