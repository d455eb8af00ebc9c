// The source of a request: the client's address, and the network for which rate limits are counted.
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Source } from '../database/call.js'
import { shownTextOf } from '../text/shown-text.js'

/**
 * Addresses of one /64 count as one network, because a host chooses the other half of its IPv6 address itself (RFC 4291
 * 2.5.1). A client with a /56 has 256 such networks. In bits.
 */
const ipv6PrefixLength = 64
/** Longer names are cut, because they are shown in a list. In characters. */
const longestUserAgent = 256
/** The address of a request whose connection is closed, so that its address can no longer be read. */
const unknown = 'unknown'

/** Some proxies forward an address with the port of the connection (Azure: `192.0.2.1:5678`, `[2001:db8::1]:443`). */
const withPort = /^(?:(?<ipv4>[\d.]+):\d+|\[(?<ipv6>[^\]]+)\](?::\d+)?)$/

/** The address in canonical form: without port and zone, a mapped IPv4 address as IPv4; null for any other text. */
const parseAddress = (raw: string | undefined): string | null => {
  // The most common case needs no parsing, because an IPv4 address has one spelling.
  if (raw !== undefined && isIPv4(raw)) return raw
  const { ipv4, ipv6 } = withPort.exec(raw ?? '')?.groups ?? {}
  const address = (ipv4 ?? ipv6 ?? raw ?? '').replace(/%.*$/s, '')
  return isIP(address) !== 0 && ipaddr.isValid(address) ? ipaddr.process(address).toString() : null
}

/** An IPv4 address, or the /64 of an IPv6 address. */
const networkOf = (address: string): string =>
  address === unknown || isIPv4(address)
    ? address
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${ipv6PrefixLength}`).toString()}/${ipv6PrefixLength}`

/** The addresses and headers of a request. */
export interface ClientFacts {
  /** The client's address as a trusted proxy forwarded it, or the peer's address. */
  readonly forwarded: string | undefined
  /** The peer's address, used if the forwarded value is not an address. */
  readonly peer: string | undefined
  readonly userAgent: string | undefined
  readonly acceptLanguage?: string | undefined
}

/** The source of a request. */
export const clientSource = ({ forwarded, peer, userAgent, acceptLanguage }: ClientFacts): Source => {
  const address = parseAddress(forwarded) ?? parseAddress(peer) ?? unknown
  return {
    address,
    network: networkOf(address),
    acceptLanguage: acceptLanguage ?? null,
    userAgent: userAgent === undefined ? null : shownTextOf(userAgent, longestUserAgent),
  }
}
