// The proxy that the environment names for a server, by the usual variables of curl and others.

import { CliError } from './cli-error.js'
import { isLoopback } from './server-url.js'

/** A proxy. */
export interface ProxyAddress {
  /** Without name and password. */
  readonly origin: string
  /** The value of `Proxy-Authorization` (RFC 7617); null without a name. */
  readonly authorization: string | null
  /** The hosts that are reached without it. */
  readonly exceptions: string
}

/** Variables of a shell. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for `serverUrl`: that of HTTPS_PROXY or, for http:, HTTP_PROXY; null if there is none, or if the server is
 * on this machine. Variables in lower case take precedence, also empty ones. `USAGE` if it is no address of a proxy.
 */
export const proxyAddress = (serverUrl: string, environment: Environment): ProxyAddress | null => {
  const { protocol, hostname } = new URL(serverUrl)
  if (isLoopback(hostname)) return null
  const upper = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const name = environment[upper.toLowerCase()] === undefined ? upper : upper.toLowerCase()
  const value = environment[name]?.trim() ?? ''
  if (value === '') return null
  const exceptions = environment['no_proxy'] ?? environment['NO_PROXY'] ?? ''
  return { ...readAddress(name, value.includes('://') ? value : `http://${value}`), exceptions }
}

const readAddress = (name: string, value: string): Pick<ProxyAddress, 'origin' | 'authorization'> => {
  try {
    const { protocol, origin, username, password } = new URL(value)
    if (protocol !== 'http:' && protocol !== 'https:') throw new Error('unknown protocol')
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const authorization = login === ':' ? null : `Basic ${Buffer.from(login).toString('base64')}`
    return { origin, authorization }
  } catch {
    throw new CliError(
      'USAGE',
      `${name} is not the address of an HTTP proxy.`,
      `Example: ${name}=http://proxy.example.org:3128, or with a login http://NAME:PASSWORD@proxy.example.org:3128`,
    )
  }
}
