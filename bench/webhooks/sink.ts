// The webhook sink: an HTTP server that acknowledges every delivery and stores none; below `/hang` it never answers.
import { createServer, type ServerResponse } from 'node:http'
import type { WebhookSinkOrder, WebhookSinkReport } from './webhook-sink.js'

let taken = 0
let awaited: number | null = null
const hanging = new Set<ServerResponse>()

const server = createServer((request, response) => {
  if (request.url?.startsWith('/hang') === true) {
    hanging.add(response)
    response.on('close', () => hanging.delete(response))
    request.resume()
    return
  }
  request.resume()
  request.on('end', () => {
    response.writeHead(204).end()
    taken += 1
    if (taken === awaited) process.send?.('taken' satisfies WebhookSinkReport)
  })
})

process.on('message', (order: WebhookSinkOrder) => {
  if (order.kind === 'release') {
    for (const response of hanging) response.destroy()
    process.send?.('released' satisfies WebhookSinkReport)
    return
  }
  awaited = taken + order.deliveries
  process.send?.('counting' satisfies WebhookSinkReport)
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.send?.({ port } satisfies WebhookSinkReport)
})
