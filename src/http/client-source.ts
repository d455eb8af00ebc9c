// Where a request came from: the client's address, and the network that limits are keyed on.
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Source } from '../database/call.js'

/** One household or server is given a /64 (RFC 6177), so IPv6 addresses of one /64 count as one. In bits. */
const ipv6PrefixLength = 64
/** Longer names are cut: they are shown in a list. In characters. */
const longestUserAgent = 256

/** An IPv4 address, mapped ones included, or the /64 of an IPv6 address. */
const networkOf = (address: string): string => {
  if (isIPv4(address) || !ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${ipv6PrefixLength}`).toString()}/${ipv6PrefixLength}`
}

/** The source of a request with this address (proxies already taken off) and user agent. */
export const clientSource = (address: string, userAgent: string | undefined): Source => ({
  address,
  network: networkOf(address),
  // Header values are shown to people: control characters have no place in them.
  userAgent:
    userAgent
      ?.replace(/\p{Control}/gu, ' ')
      .slice(0, longestUserAgent)
      .trim() || null,
})
