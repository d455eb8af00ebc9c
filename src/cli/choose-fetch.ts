// Sends requests through the proxy of the environment. Node honours these variables by itself only from version 24 on,
// and only if it is told to.

import { isIP } from 'node:net'
import type { Fetch } from '../client/fetch.js'
import { IdemError } from '../client/idem-error.js'
import { networkFailure } from '../client/network-fault.js'
import { type Environment, type ProxyAddress, proxyAddress } from './proxy-address.js'

/** `fetch` for calls to the server: through the proxy that the environment names for it, or directly. */
export const chooseFetch = async (serverUrl: string, environment: Environment): Promise<Fetch> => {
  const proxy = proxyAddress(serverUrl, environment)
  return proxy === null ? fetch : await fetchThrough(proxy)
}

/** Thrown inside undici if a connection to the proxy, not to the server behind it, could not be made. */
class ProxyFault extends Error {}

/** Loads undici only here, because most commands need no proxy. Its agents serve its own `fetch`, not that of Node. */
const fetchThrough = async (proxy: ProxyAddress): Promise<Fetch> => {
  const { buildConnector, EnvHttpProxyAgent, fetch: fetchByUndici, Pool } = await import('undici')
  const connector = buildConnector({})
  const connect: typeof connector = ({ servername = '', ...options }, callback) =>
    // a server name in TLS is never an IP address (RFC 6066 section 3)
    connector({ ...options, servername: isIP(servername) === 0 ? servername : '' }, (...[error, socket]) =>
      error === null ? callback(null, socket) : callback(new ProxyFault('', { cause: error }), null),
    )
  const isProxy = (origin: string | URL): boolean => new URL(origin).origin === proxy.origin
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: proxy.origin,
    httpsProxy: proxy.origin,
    noProxy: proxy.exceptions,
    ...(proxy.authorization === null ? {} : { token: proxy.authorization }),
    proxyTunnel: false, // a request for http: is sent to the proxy as it is, because many proxies tunnel to port 443 only
    clientFactory: (origin) => new Pool(origin, { connect }),
    factory: (origin, options) => new Pool(origin, isProxy(origin) ? { connect } : options),
  })
  return async (url, init) => {
    try {
      return await fetchByUndici(url, { ...init, dispatcher })
    } catch (cause) {
      throw proxyFailure(cause, proxy.origin) ?? cause
    }
  }
}

/** The error for a proxy that cannot be reached or refuses; null for other causes. */
const proxyFailure = (thrown: unknown, proxy: string): IdemError | null => {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof ProxyFault)
      return networkFailure(error.cause, { name: `the proxy ${proxy}`, timeoutSeconds: 0, proxy })
    const [, status] =
      /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/
        .exec(error.message)
        ?.filter((part) => part !== undefined) ?? []
    if (status !== undefined) return refusedBy(proxy, Number(status), thrown)
  }
  return null
}

const refusedBy = (proxy: string, status: number, cause: unknown): IdemError => {
  if (status === 407) {
    const message = `The proxy ${proxy} asks for another name and password (HTTP 407).`
    return new IdemError('UNREACHABLE', message, { reason: 'PROXY_LOGIN', proxy }, { cause })
  }
  if (status >= 500) {
    const message = `The proxy ${proxy} cannot reach the server (HTTP ${status}).`
    return new IdemError('UNAVAILABLE', message, { reason: 'GATEWAY', proxy }, { cause })
  }
  const message = `The proxy ${proxy} refuses to lead to the server (HTTP ${status}).`
  return new IdemError('UNREACHABLE', message, { reason: 'PROXY_REFUSED', proxy }, { cause })
}
