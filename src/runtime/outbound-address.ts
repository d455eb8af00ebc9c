// Decides which addresses outbound calls may reach.
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The well-known prefix of NAT64 (RFC 6052), behind which an address of IPv4 stands in the last four bytes. */
const nat64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96]
/** The addresses of IPv6 that are in use worldwide (RFC 4291 2.4). */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

/** True for an address of the public internet. What is private, link-local, shared (CGNAT), mapped or reserved is not. */
const isPublic = (address: Address): boolean => {
  if (address instanceof ipaddr.IPv4) return address.range() === 'unicast'
  if (address.match(nat64)) return isPublic(new ipaddr.IPv4(address.toByteArray().slice(12)))
  return address.match(globalUnicast) && address.range() === 'unicast'
}

/** Which addresses may be reached, and which without TLS. */
export class OutboundAddresses {
  readonly #listed: readonly [Address, number][]

  /** Lets through the public internet, and the networks of the list. */
  constructor(networks: readonly string[]) {
    this.#listed = networks.map((entry) => {
      if (entry.includes('/')) return ipaddr.parseCIDR(entry)
      const address = ipaddr.parse(entry)
      return [address, address.kind() === 'ipv4' ? 32 : 128]
    })
  }

  /** True if a call may connect to the address; without TLS only on this machine. */
  allow(raw: string, { isEncrypted }: { readonly isEncrypted: boolean }): boolean {
    if (!ipaddr.isValid(raw)) return false
    const address = ipaddr.parse(raw)
    if (!isEncrypted && address.range() !== 'loopback') return false
    return isPublic(address) || this.#isListed(address)
  }

  #isListed(address: Address): boolean {
    return this.#listed.some(([network, bits]) => {
      if (address instanceof ipaddr.IPv4 && network instanceof ipaddr.IPv4)
        return address.match(network, bits)
      if (address instanceof ipaddr.IPv6 && network instanceof ipaddr.IPv6)
        return address.match(network, bits)
      return false
    })
  }
}
