// An HTTP proxy as companies have them: CONNECT (RFC 9110 section 9.3.6) and requests in absolute form. It alone knows
// where its names lead, so what arrives came through it.
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Certificate } from './certificates.js'

/** What a proxy is set up with. */
export interface HttpProxyOptions {
  /** The port of 127.0.0.1 to which each `host:port` leads. */
  readonly routes: Readonly<Record<string, number>>
  /** `name:password`, if it asks for them. */
  readonly login?: string
  /** The status of every answer, if it refuses. */
  readonly refusal?: number
  /** With it the proxy itself speaks TLS. */
  readonly certificate?: Certificate
}

/** A running proxy; stop it by `await using`. */
export class HttpProxy implements AsyncDisposable {
  /** What was asked for, such as `CONNECT idem.test:443` and `POST http://idem.test/graphql`. */
  readonly asked: string[] = []
  readonly #sockets = new Set<Socket>()

  private constructor(
    private readonly options: HttpProxyOptions,
    private readonly server: Server,
  ) {
    server.on('connect', (arrived: IncomingMessage, socket: Socket) => this.#tunnel(arrived, socket))
    server.on('request', (arrived, response) => {
      const status = this.#refusal(arrived)
      if (status !== null) {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<html>The proxy refuses.</html>')
        return
      }
      const { pathname, search, host } = new URL(arrived.url ?? '')
      const port = this.#portOf(host.includes(':') ? host : `${host}:80`)
      const { method, headers } = arrived
      const onward = request({ port, path: pathname + search, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      arrived.pipe(onward)
    })
  }

  /** A new proxy on a free port of 127.0.0.1. */
  static async start(options: HttpProxyOptions): Promise<HttpProxy> {
    const { certificate } = options
    const server = certificate === undefined ? createServer() : createTlsServer(certificate)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new HttpProxy(options, server)
  }

  /** Its `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Its address. */
  get url(): string {
    return `${this.options.certificate === undefined ? 'http' : 'https'}://${this.host}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  #tunnel(arrived: IncomingMessage, inward: Socket): void {
    const status = this.#refusal(arrived)
    if (status !== null) {
      inward.end(`HTTP/1.1 ${status} Refused\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const outward = connect(this.#portOf(arrived.url ?? ''), '127.0.0.1')
    outward.on('connect', () => inward.write('HTTP/1.1 200 Connected\r\n\r\n'))
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      this.#sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  }

  /** The status of a refusal; null if the request may pass. */
  #refusal({ method, url, headers }: IncomingMessage): number | null {
    this.asked.push(`${method} ${url}`)
    const { login, refusal } = this.options
    if (refusal !== undefined) return refusal
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
    return headers['proxy-authorization'] === wanted ? null : 407
  }

  #portOf(host: string): number {
    return this.options.routes[host] ?? 1
  }
}
