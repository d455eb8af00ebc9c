// A receiver of webhooks on this machine: keeps what it got, and answers as a test says.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { millisecondsUntil } from './calls.js'

/** A request that it got. */
export interface ReceivedWebhook {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The body's `type` and `data`. */
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** How it answers one request. */
export type SinkAnswer = (response: ServerResponse, got: ReceivedWebhook) => void

/** Answers with a status. */
export const withStatus =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): SinkAnswer =>
  (response) =>
    void response.writeHead(status, headers).end(body)

/** A running receiver. */
export interface WebhookSink {
  readonly url: string
  readonly got: readonly ReceivedWebhook[]
  /** Answers 204 until it is told otherwise. */
  answer: SinkAnswer
  /** Waits until it has got so many requests. */
  until(count: number): Promise<void>
}

const read = (path: string, headers: IncomingHttpHeaders, body: string): ReceivedWebhook => {
  const { type, data } = JSON.parse(body)
  return { path, headers, body, type, data }
}

/** Starts one, which is stopped after the test. */
export const startWebhookSink = async (): Promise<WebhookSink> => {
  const got: ReceivedWebhook[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const received = read(request.url ?? '', request.headers, Buffer.concat(chunks).toString())
    got.push(received)
    sink.answer(response, received)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const sink: WebhookSink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    got,
    answer: withStatus(204),
    until: async (count) => void (await millisecondsUntil(20_000, async () => got.length >= count)),
  }
  return sink
}
