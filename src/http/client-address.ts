// The address of a client: that of the connection, or what trusted proxies forwarded.
import type { IncomingHttpHeaders } from 'node:http'
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js'
import type { ValuesOf } from '../config/setting.js'
import type { Logger } from '../runtime/logger.js'
import { parseAddress } from './address.js'
import { type ForwardedHeader, hopsOf } from './forwarded-hops.js'
import type { httpSettings } from './settings.js'

/** The address of a request whose connection is closed, so that its address can no longer be read. */
const unknown = 'unknown'

/** The canonical address for the headers and the peer's address of a request; `unknown` if its connection is closed. */
export type ClientAddress = (headers: IncomingHttpHeaders, peer: string | undefined) => string

/** What finding addresses depends on. */
export type ClientAddressSettings = Pick<ValuesOf<typeof httpSettings>, 'trustedProxies' | 'forwardedHeader'>

const mappedBits = 96

/** A network of the settings; one of mapped IPv4 addresses as IPv4, as addresses are. */
const networkOf = (entry: string): readonly [IPv4 | IPv6, number] => {
  const [address = '', length] = entry.split('/')
  const parsed = ipaddr.parse(address)
  const bits = length === undefined ? parsed.toByteArray().length * 8 : Number(length)
  return 'isIPv4MappedAddress' in parsed && parsed.isIPv4MappedAddress() && bits > mappedBits
    ? [parsed.toIPv4Address(), bits - mappedBits]
    : [parsed, bits]
}

const createIsTrusted = (entries: readonly string[]): ((address: string) => boolean) => {
  const networks = entries.map(networkOf)
  return (address) => {
    if (address === unknown) return false
    const parsed = ipaddr.parse(address)
    return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

const otherHeader: Readonly<Record<ForwardedHeader, ForwardedHeader>> = {
  'x-forwarded-for': 'forwarded',
  forwarded: 'x-forwarded-for',
}

/**
 * Only the header of the setting is read. A proxy writes one of the two and passes the other on as the client sent it,
 * so reading whichever is there would let clients choose their address.
 */
export const createClientAddress = (
  { trustedProxies, forwardedHeader }: ClientAddressSettings,
  logger: Pick<Logger, 'warn'>,
): ClientAddress => {
  const direct: ClientAddress = (_headers, peer) => parseAddress(peer) ?? unknown
  if (trustedProxies.length === 0) return direct
  const isTrusted = createIsTrusted(trustedProxies)
  let isNoted = false
  const noteOther = (headers: IncomingHttpHeaders): void => {
    const other = otherHeader[forwardedHeader]
    if (isNoted || headers[other] === undefined) return
    isNoted = true
    logger.warn(
      `a trusted proxy sends ${other} without ${forwardedHeader}: if it writes it itself, set IDEM_FORWARDED_HEADER=${other}`,
    )
  }
  return (headers, peer) => {
    let address = direct(headers, peer)
    if (!isTrusted(address)) return address
    const value = headers[forwardedHeader]
    if (typeof value !== 'string') noteOther(headers)
    else
      for (const hop of hopsOf(forwardedHeader, value)) {
        const named = hop === null ? null : parseAddress(hop)
        // The proxy does not know its client, or does not say: then the proxy is what is known.
        if (named === null) break
        address = named
        if (!isTrusted(address)) break
      }
    return address
  }
}
