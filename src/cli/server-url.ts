// The URL of the server that a command calls.

import { CliError } from './cli-error.js'

/** The address of `npm start` without configuration. */
export const defaultServerUrl = 'http://localhost:4000'

/**
 * The canonical spelling of a server's address: http or https, no user, query or fragment, no trailing slash or
 * `/graphql`. `USAGE` if `given` is not such an address.
 */
export const parseServerUrl = (given: string, source: string): string => {
  const url = URL.canParse(given) ? new URL(given) : null
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search + url.hash === ''
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError('USAGE', `${source} is not the address of a server.`, `Example: ${defaultServerUrl}`)
  }
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')
}

/** Whether tokens would be sent over a network without encryption. */
export const isUnprotected = (serverUrl: string): boolean => {
  const { protocol, hostname } = new URL(serverUrl)
  return protocol === 'http:' && !isLoopback(hostname)
}

/** Whether the host is this machine, to which nothing is sent over a network. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
