// The one door for HTTP calls to the outside: what it may reach, and how long it waits.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { OutboundAddresses } from './outbound-address.js'
import { type OutboundAnswer, OutboundError, type OutboundRequest } from './outbound-call.js'
import { exchange } from './outbound-exchange.js'

/** What resolves names: all addresses of a host. */
export type ResolveName = (host: string) => Promise<readonly string[]>

/** How the door is opened. */
export interface OutboundHttpOptions {
  /** Addresses and networks that may be called beside the public internet. */
  readonly networks: readonly string[]
  readonly resolve?: ResolveName
}

/** The resolver of the system, with its hosts file. */
const resolveBySystem: ResolveName = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address)

/** Most addresses of one name that are tried. */
const mostAddresses = 4

/** Sends calls to the outside. */
export class OutboundHttp {
  readonly #addresses: OutboundAddresses
  readonly #resolve: ResolveName

  constructor({ networks, resolve = resolveBySystem }: OutboundHttpOptions) {
    this.#addresses = new OutboundAddresses(networks)
    this.#resolve = resolve
  }

  /** The answer, whatever its status, except a redirect. Throws `OutboundError`. */
  async send(request: OutboundRequest): Promise<OutboundAnswer> {
    const signal = AbortSignal.timeout(request.deadlineMilliseconds)
    const late = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(tooLate()), { once: true })
    })
    return await Promise.race([this.#send(request, signal), late])
  }

  async #send(request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const addresses = await this.#addressesOf(request.url)
    let fault: unknown = null
    for (const address of addresses) {
      try {
        return await exchange(request, address, signal)
      } catch (error) {
        // Only where nothing was sent: an address that has no route, or refuses the connection.
        if (signal.aborted || !isUnconnected(error)) throw faultOf(error, signal)
        fault = error
      }
    }
    throw faultOf(fault, signal)
  }

  /**
   * The addresses of the host, looked up once: the connection goes to one of these and the name is not asked for again,
   * so that a name that changes its address between check and use is of no avail.
   */
  async #addressesOf({ protocol, hostname }: URL): Promise<readonly string[]> {
    const isEncrypted = protocol === 'https:'
    if (!isEncrypted && protocol !== 'http:') throw refused('Only https is called.')
    const host = hostname.replace(/^\[|\]$/g, '')
    const addresses = isIP(host) === 0 ? await this.#look(host) : [host]
    // One that is refused spoils the name: a public one beside a private one is what an attack looks like.
    if (!addresses.every((address) => this.#addresses.allow(address, { isEncrypted })))
      throw refused(
        'The address is not of the public internet and not in IDEM_OUTBOUND_NETWORKS, or needs https.',
      )
    return addresses.slice(0, mostAddresses)
  }

  async #look(host: string): Promise<readonly string[]> {
    const addresses = await this.#resolve(host).catch((cause: unknown) => {
      throw new OutboundError('name_unknown', 'The name of the host is not known.', cause)
    })
    if (addresses.length === 0) throw new OutboundError('name_unknown', 'The host has no address.')
    return addresses
  }
}

const refused = (sentence: string): OutboundError => new OutboundError('address_refused', sentence)
const tooLate = (): OutboundError => new OutboundError('too_late', 'There was no whole answer in time.')

const unconnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
])

const isUnconnected = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && unconnected.has(error.code)

const faultOf = (error: unknown, signal: AbortSignal): OutboundError => {
  if (error instanceof OutboundError) return error
  if (signal.aborted) return tooLate()
  return new OutboundError('unreachable', 'The server could not be reached, or broke off.', error)
}
