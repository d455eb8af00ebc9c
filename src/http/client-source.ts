// The source of a request: the client's address, and the network for which rate limits are counted.
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
/** An IPv4 address (or that none is known), or the /64 of an IPv6 address, which alone has colons. */
const networkOf = (address: string): string =>
  address.includes(':')
    ? `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${ipv6PrefixLength}`).toString()}/${ipv6PrefixLength}`
    : address

/** The address and headers of a request. */
export interface ClientFacts {
  /** The client's address in canonical form; see client-address. */
  readonly address: string
  readonly userAgent: string | undefined
  readonly acceptLanguage?: string | undefined
}

/** The source of a request. */
export const clientSource = ({ address, userAgent, acceptLanguage }: ClientFacts): Source => ({
  address,
  network: networkOf(address),
  acceptLanguage: acceptLanguage ?? null,
  userAgent: userAgent === undefined ? null : shownTextOf(userAgent, longestUserAgent),
})
