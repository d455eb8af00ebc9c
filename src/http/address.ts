// Parses the address of a client or proxy, in the spellings in which proxies forward it.
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Some proxies forward an address with the port of the connection (Azure: `192.0.2.1:5678`, `[2001:db8::1]:443`), which
 * may be hidden behind a name (RFC 7239 6).
 */
const withPort = /^(?:(?<ipv4>[\d.]+):(?:\d+|_[\w.-]+)|\[(?<ipv6>[^\]]+)\](?::(?:\d+|_[\w.-]+))?)$/

/** The address in canonical form: without port and zone, a mapped IPv4 address as IPv4; null for any other text. */
export const parseAddress = (raw: string | undefined): string | null => {
  // The most common case needs no parsing, because an IPv4 address has one spelling.
  if (raw !== undefined && isIPv4(raw)) return raw
  const { ipv4, ipv6 } = withPort.exec(raw ?? '')?.groups ?? {}
  const address = (ipv4 ?? ipv6 ?? raw ?? '').replace(/%.*$/s, '')
  return isIP(address) !== 0 && ipaddr.isValid(address) ? ipaddr.process(address).toString() : null
}
