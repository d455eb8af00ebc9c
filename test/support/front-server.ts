// A server in front of another one, over HTTP or HTTPS, as a reverse proxy is: it passes everything on.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificates.js'

/** A running front; stop it by `await using`. */
export interface FrontServer extends AsyncDisposable {
  readonly port: number
  /** The paths that were asked for. */
  readonly paths: readonly string[]
}

/** Passes each request on to the server at `target()`; with a certificate it speaks TLS. */
export const startFrontServer = async (
  target: () => string,
  certificate: Certificate | null,
): Promise<FrontServer> => {
  const paths: string[] = []
  const pass = (arrived: IncomingMessage, response: ServerResponse): void => {
    paths.push(arrived.url ?? '')
    const { hostname, port } = new URL(target())
    const { method, headers, url: path } = arrived
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    arrived.pipe(onward)
  }
  const server: Server = certificate === null ? createServer(pass) : createTlsServer(certificate, pass)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    paths,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
