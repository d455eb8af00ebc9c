// The one door for HTTP calls to the outside: what it may reach, how long it waits, how much it reads.
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { loginOf } from '../config/server-url.js'
import { LoggableError } from '../failure.js'
import { OutboundAddresses } from './outbound-address.js'

/** A call. */
export interface OutboundRequest {
  /** `https`, or `http` on this machine. A user and password in it are sent as basic authentication. */
  readonly url: URL
  readonly method: 'GET' | 'POST'
  /** `host`, `content-length` and `accept-encoding` are made here. */
  readonly headers: Readonly<Record<string, string>>
  /** Null for none. */
  readonly body: string | null
  /** The media type that the answer must have, such as `application/json`; null for any. */
  readonly mediaType: string | null
  /** The longest body that is read, in bytes. */
  readonly mostBytes: number
  /** For everything: the look-up of the name, the connection, the last byte. */
  readonly deadlineMilliseconds: number
}

/** An answer that was read whole. */
export interface OutboundAnswer {
  readonly status: number
  readonly body: Buffer
}

/** Why there is no answer. */
export type OutboundFault =
  | 'address_refused'
  | 'name_unknown'
  | 'unreachable'
  | 'redirect'
  | 'wrong_type'
  | 'too_large'
  | 'too_late'

/** A call without an answer. Its message names neither the URL nor what was sent, for both may hold secrets. */
export class OutboundError extends LoggableError {
  override readonly name = 'OutboundError'

  constructor(
    readonly fault: OutboundFault,
    sentence: string,
    cause?: unknown,
  ) {
    super(sentence, { cause })
  }
}

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

/** Sends to an address as to the host of the URL: that name is in the request, and in the certificate. */
const optionsOf = ({ url, method, headers, body }: OutboundRequest, address: string): RequestOptions => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const { user, password } = loginOf(url)
  return {
    host: address,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, ...length, host: url.host, 'accept-encoding': 'identity' },
    // A connection of its own: what was checked is what is used.
    agent: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(user === '' ? {} : { auth: `${user}:${password}` }),
  }
}

const exchange = async (
  request: OutboundRequest,
  address: string,
  signal: AbortSignal,
): Promise<OutboundAnswer> => {
  const send = request.url.protocol === 'https:' ? secureRequest : plainRequest
  const outgoing = send({ ...optionsOf(request, address), signal })
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.end(request.body ?? undefined)
    })
    return await read(answer, request)
  } finally {
    // An error after the answer was read has no reader.
    outgoing.on('error', () => undefined)
    outgoing.destroy()
  }
}

const checkType = ({ headers }: IncomingMessage, mediaType: string | null): void => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers
  const isAsAsked = mediaType === null || type.split(';')[0]?.trim().toLowerCase() === mediaType
  if (!isAsAsked || encoding !== 'identity')
    throw new OutboundError('wrong_type', 'The answer has another media type, or is compressed.')
}

const read = async (answer: IncomingMessage, request: OutboundRequest): Promise<OutboundAnswer> => {
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400)
    throw new OutboundError('redirect', 'The server answered with a redirect.')
  // The bodies of errors are of any type.
  if (status < 300) checkType(answer, request.mediaType)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > request.mostBytes) throw new OutboundError('too_large', 'The answer is too large.')
    chunks.push(chunk)
  }
  return { status, body: Buffer.concat(chunks) }
}
