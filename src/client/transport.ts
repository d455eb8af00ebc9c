// Sends GraphQL calls to Idem: one POST with a time limit; every failure is an `IdemError`.

import { discoveryPath, parseIssuer, type ServerIdentity } from './discovery.js'
import { type Listener, listenToEvents } from './event-stream.js'
import type { Fetch, FetchRequest } from './fetch.js'
import type { HttpAnswer } from './http-answer.js'
import { IdemError } from './idem-error.js'
import { cutShort, networkFailure, type Peer } from './network-fault.js'
import { parseAnswer } from './parse-answer.js'

/** A GraphQL operation. */
export interface GraphqlCall {
  readonly document: string
  readonly variables?: Readonly<Record<string, unknown>>
  /** Sent as the bearer; without it the call is unauthenticated. */
  readonly accessToken?: string
}

/** Sends GraphQL calls: plain HTTP, or a session that adds its bearer. */
export interface Transport {
  /** The origin of the server's address, and the one that it claims. Throws `IdemError`. */
  identify(): Promise<ServerIdentity>
  /**
   * The operation's data. `Data` is the type of what the document selects, as the caller declares it; it is not checked
   * here. Throws `IdemError`.
   */
  send<Data>(call: GraphqlCall): Promise<Data>
  /**
   * Calls `onEvent` for each event of a subscription, and resolves at its end. Throws `IdemError` if there is no
   * stream. Optional: without it, poll with `send`.
   */
  listen?(call: GraphqlCall, listener: Listener): Promise<void>
}

/** The options of a transport. */
export interface HttpTransportOptions {
  /** The installation's address, without `/graphql`. */
  readonly url: string
  /** Headers of every call, such as a User-Agent, which is shown in the list of sessions. */
  readonly headers?: Readonly<Record<string, string>>
  /** Time limit of a call; 15 by default. */
  readonly timeoutSeconds?: number
  /** How requests are sent, for example through a proxy; `fetch` by default. */
  readonly fetch?: Fetch
}

/** A transport over `fetch`, for browsers and Node. */
export const httpTransport = (options: HttpTransportOptions): Transport => {
  let identity: ServerIdentity | null = null
  return {
    identify: async () => {
      identity ??= await identifyServer(options)
      return identity
    },
    async send<Data>(call: GraphqlCall): Promise<Data> {
      return parseAnswer(await exchange(options, '/graphql', requestOf(options, call))) as Data
    },
    listen: (call, listener) => {
      const { headers, ...request } = requestOf(options, call)
      const init = { ...request, headers: { ...headers, accept: 'text/event-stream' } }
      const url = `${options.url}/graphql/stream`
      return listenToEvents({ url, init, send: options.fetch ?? fetch, peer: peerOf(options) }, listener)
    },
  }
}

/** The same transport with an access token. */
export const withBearer = (transport: Transport, accessToken: string): Transport => ({
  identify: () => transport.identify(),
  send: (call) => transport.send({ ...call, accessToken }),
})

const identifyServer = async (options: HttpTransportOptions): Promise<ServerIdentity> => {
  const { headers = {} } = options
  const init = { headers: { ...headers, accept: 'application/json' }, redirect: 'manual' } as const
  const issuer = parseIssuer(await exchange(options, discoveryPath, init))
  // `Request` resolves an address that is relative to the page, as `fetch` does.
  const reachedAt = new URL(new Request(options.url + discoveryPath).url).origin
  return { reachedAt, issuer }
}

const usualTimeoutSeconds = 15

const peerOf = ({ url, timeoutSeconds = usualTimeoutSeconds }: HttpTransportOptions): Peer => ({
  name: url,
  timeoutSeconds,
})

/** Sends one request to a path below the server's address, with the time limit. */
const exchange = async (
  options: HttpTransportOptions,
  path: string,
  init: Omit<FetchRequest, 'signal'>,
): Promise<HttpAnswer> => {
  const peer = peerOf(options)
  const send: Fetch = options.fetch ?? fetch
  const signal = AbortSignal.timeout(peer.timeoutSeconds * 1000)
  const response = await send(options.url + path, { ...init, signal }).catch((cause: unknown) => {
    throw cause instanceof IdemError ? cause : networkFailure(cause, peer)
  })
  const text = await response.text().catch((cause: unknown) => {
    throw signal.aborted ? networkFailure(cause, peer) : cutShort(peer.name, cause)
  })
  const header = (name: string): string | null => response.headers.get(name)
  return {
    url: response.url || options.url,
    status: response.status,
    contentType: header('content-type'),
    location: header('location'),
    retryAfter: header('retry-after'),
    text,
  }
}

const requestOf = ({ headers = {} }: HttpTransportOptions, call: GraphqlCall) =>
  ({
    method: 'POST',
    headers: {
      ...headers,
      accept: 'application/json',
      'content-type': 'application/json',
      ...(call.accessToken === undefined ? {} : { authorization: `Bearer ${call.accessToken}` }),
    },
    body: JSON.stringify({ query: call.document, variables: call.variables ?? {} }),
    redirect: 'manual', // tokens and proofs must not be sent to another server
  }) as const
