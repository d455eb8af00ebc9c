// Which Idem a command speaks to.

import { CliError } from './cli-error.js'

/** Where `npm start` listens when nothing is configured. */
export const defaultServerUrl = 'http://localhost:4000'

/**
 * One spelling for each server: http or https, no user, query or fragment, no trailing slash or `/graphql`.
 * `USAGE` when `given` is no such address.
 */
export const parseServerUrl = (given: string, source: string): string => {
  const url = URL.canParse(given) ? new URL(given) : null
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search + url.hash === ''
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError('USAGE', `${source} is not the address of a server.`, `Example: ${defaultServerUrl}`)
  }
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')
}

/** Whether tokens would travel in the clear over a network. */
export const isUnprotected = (serverUrl: string): boolean => {
  const { protocol, hostname } = new URL(serverUrl)
  return protocol === 'http:' && !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
