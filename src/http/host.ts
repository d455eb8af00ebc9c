// Checks the `Host` of requests. With DNS rebinding, a page of another site sends that site's name as the `Host`.
import { isIPv6 } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback } from '../config/loopback.js'
import { Failure } from '../failure.js'
import { HttpRefusal } from './refusal.js'

/** A host name or IPv4 address, or an IPv6 address in brackets; then perhaps a port (RFC 9110 7.2). */
const hostForm = /^(?:[\w.-]+|\[(?<ipv6>[\da-f:.]+)\])(?::\d{1,5})?$/i

const isHost = (host: string): boolean => {
  const found = hostForm.exec(host)
  if (found === null) return false
  const ipv6 = found.groups?.['ipv6']
  return ipv6 === undefined || isIPv6(ipv6)
}

/** True for an HTTP/1.0 request, which needs no `Host` (RFC 1945), to a route of load balancers, which send such. */
const isOldProbe = ({ raw, routeOptions: { url } }: FastifyRequest): boolean =>
  raw.httpVersion === '1.0' && (url === '/healthz' || url === '/readyz' || url === '/metrics')

/** Refuses requests without one well-formed `Host` (RFC 9112 3.2). Of several, Node makes a list, which is none. */
export const requireHost = (app: FastifyInstance): void => {
  // Most requests have the same as the one before them.
  let known: string | null = null
  app.addHook('onRequest', (request, _reply, done) => {
    const { host } = request.raw.headers
    if (host === known) return done()
    if (host !== undefined && isHost(host)) known = host
    else if (host !== undefined || !isOldProbe(request))
      return done(new HttpRefusal(400, { sentence: 'Send one Host header with a host name or an address.' }))
    done()
  })
}

/** True if the request's `Host` is a loopback name. */
export const namesThisMachine = ({ headers: { host = '' } }: Pick<FastifyRequest, 'headers'>): boolean =>
  isLoopback(host.replace(/:\d+$/, ''))

/** Refuses every request with another `Host`, for a service without authentication. */
export const requireThisMachine = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    if (namesThisMachine(request)) return done()
    done(
      new Failure('BAD_USER_INPUT', 'While authentication is off, the host must be localhost or 127.0.0.1.', {
        reason: 'the host is not this machine',
      }),
    )
  })
}
