// A receiver of webhooks on this machine: an HTTP server on the loopback address, while a command runs.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CliError } from './cli-error.js'

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders
  /** The body as UTF-8, exactly as signed. */
  readonly body: string
}

/** An answer without a body. */
export interface ReceiverAnswer {
  readonly status: number
  /** The header of this name; null for none. */
  readonly retryAfter: string | null
}

/** A running receiver. */
export interface WebhookReceiver {
  readonly url: string
  /** Ends it; requests that are under way are cut off. */
  close(): Promise<void>
}

/** Deliveries are a few kilobytes. In bytes. */
const largestBody = 1_048_576

/**
 * Listens on 127.0.0.1 and answers each POST with what `take` returns. `port` 0 is any free one. `USAGE` if
 * the port cannot be had.
 */
export const startWebhookReceiver = async (
  port: number,
  take: (request: ReceivedRequest) => Promise<ReceiverAnswer>,
): Promise<WebhookReceiver> => {
  const server = createServer((request, response) => {
    answer(request, response, take).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(portTaken(port, cause)))
    server.listen(port, '127.0.0.1', resolve)
  })
  // It listens on a port, so its address is no path.
  const { port: chosen } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${chosen}/`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  take: (request: ReceivedRequest) => Promise<ReceiverAnswer>,
): Promise<void> => {
  const { status, retryAfter } = await answerTo(request, take)
  // What was not read of a refused body would be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close')
  if (retryAfter !== null) response.setHeader('retry-after', retryAfter)
  response.writeHead(status).end()
}

const refusal = (status: number): ReceiverAnswer => ({ status, retryAfter: null })

const answerTo = async (
  request: IncomingMessage,
  take: (request: ReceivedRequest) => Promise<ReceiverAnswer>,
): Promise<ReceiverAnswer> => {
  if (request.method !== 'POST') return refusal(405)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > largestBody) return refusal(413)
    chunks.push(chunk)
  }
  return await take({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
}

const portTaken = (port: number, cause: Error): CliError =>
  new CliError(
    'USAGE',
    `Nothing can listen on port ${port} of this machine: ${cause.message}.`,
    'Name another one with --port, or none for any that is free.',
    { cause },
  )
