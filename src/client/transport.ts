// How a GraphQL call reaches Idem: one POST, one time limit, every failure an `IdemError`.

import { discoveryPath, parseIssuer, type ServerIdentity } from './discovery.js'
import { type Listener, listenToEvents } from './event-stream.js'
import { IdemError } from './idem-error.js'
import { type HttpAnswer, parseAnswer } from './parse-answer.js'

/** One GraphQL operation to send. */
export interface GraphqlCall {
  readonly document: string
  readonly variables?: Readonly<Record<string, unknown>>
  /** Sent as the bearer; without it the call is made by nobody. */
  readonly accessToken?: string
}

/** Whatever can send a GraphQL call: bare HTTP, or a session that adds its bearer. */
export interface Transport {
  /** Which server this is: by its address, and by its own word. Throws `IdemError`. */
  identify(): Promise<ServerIdentity>
  /**
   * The operation's data. `Data` is the caller's word for what its document selects; the server's schema
   * holds it to that. Throws `IdemError`.
   */
  send<Data>(call: GraphqlCall): Promise<Data>
  /**
   * Calls `onEvent` at each event of a subscription, and resolves at its end. Throws `IdemError` where there is
   * no stream. Left out by transports that have none; `send` can always be asked instead.
   */
  listen?(call: GraphqlCall, listener: Listener): Promise<void>
}

/** Where Idem is and how to speak to it. */
export interface HttpTransportOptions {
  /** The installation's address, without `/graphql`. */
  readonly url: string
  /** Sent with every call, such as a User-Agent, which names this device in the list of sessions. */
  readonly headers?: Readonly<Record<string, string>>
  /** 15 by default: longer than any honest answer takes, shorter than a person's patience. */
  readonly timeoutSeconds?: number
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
      return listenToEvents(`${options.url}/graphql/stream`, init, listener)
    },
  }
}

/** The same transport, acting for whoever holds the access token. */
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

/** One request below the server's address and its answer, within the time limit. */
const exchange = async (
  { url, timeoutSeconds = 15 }: HttpTransportOptions,
  path: string,
  init: RequestInit,
): Promise<HttpAnswer> => {
  try {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const response = await fetch(url + path, { ...init, signal })
    const text = await response.text()
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text }
  } catch (cause) {
    throw networkFailure(cause, url, timeoutSeconds)
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
    redirect: 'manual', // tokens and proofs go to the named server or nowhere
  }) as const

const networkFailure = (cause: unknown, url: string, timeoutSeconds: number): IdemError => {
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new IdemError('TIMED_OUT', `No answer from ${url} within ${timeoutSeconds} s.`, {}, { cause })
  }
  return new IdemError('UNREACHABLE', `Nothing answers at ${url}.`, {}, { cause })
}
