// A server that is not Idem: it answers everything alike, whatever it was asked.

import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'

/** One answer; without it none is ever given. */
export interface FixedAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request that arrived. */
export interface Arrival {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A running server; stop it by `await using`. */
export interface NoIdem extends AsyncDisposable {
  readonly url: string
  readonly arrivals: readonly Arrival[]
}

/** A server that gives this answer to whatever comes; null leaves everyone waiting. */
export const serverThatAnswers = async (answer: FixedAnswer | null): Promise<NoIdem> => {
  const arrivals: Arrival[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const { method = '', url: path = '', headers } = request
    arrivals.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') })
    if (answer !== null) response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An address where nothing listens. */
export const closedAddress = async (): Promise<string> => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
