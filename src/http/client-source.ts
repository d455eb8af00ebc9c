// Where a request came from: the client's address, and the network that limits are keyed on.
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Source } from '../database/call.js'

/**
 * The interface identifier is the other half of an IPv6 address (RFC 4291 2.5.1), its host's to choose: addresses
 * of one /64 count as one. Who is given a /56 has 256 of them. In bits.
 */
const ipv6PrefixLength = 64
/** Longer names are cut: they are shown in a list. In characters. */
const longestUserAgent = 256
/** The source of a request whose connection is gone: its address is not known any more. */
const unknown = 'unknown'

/** What some proxies forward: an address with the port of the connection (Azure: `192.0.2.1:5678`, `[2001:db8::1]:443`). */
const withPort = /^(?:(?<ipv4>[\d.]+):\d+|\[(?<ipv6>[^\]]+)\](?::\d+)?)$/

/** The address in its one spelling, without port and zone, a mapped IPv4 address as such; null for any other text. */
const parseAddress = (raw: string | undefined): string | null => {
  // Nearly always: such an address has one spelling.
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

/** Where a request says that it comes from. */
export interface ClientFacts {
  /** What a trusted proxy forwarded, other proxies already taken off, or the peer's address. */
  readonly forwarded: string | undefined
  /** The address of the connection's other end: counts when what was forwarded is no address. */
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
    // Header values are shown to people: what moves the cursor or turns the direction has no place in them.
    userAgent:
      userAgent
        ?.replace(/[\p{Control}\p{Bidi_Control}\p{Line_Separator}\p{Paragraph_Separator}]/gu, ' ')
        .slice(0, longestUserAgent)
        .trim() || null,
  }
}
