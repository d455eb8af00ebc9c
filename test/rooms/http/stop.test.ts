// The connections of an application that stops: each is closed once nothing is under way on it.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { millisecondsUntil } from '../../support/calls.js'
import { freePort } from '../../support/start-service.js'
import { newBareApp } from './bare-app.js'

/** Ends a test whose stop hangs; a stop that works takes milliseconds. */
const hangs = 20_000

/** An application on its port, with a route whose answer begins, and ends, when the test says so. */
const start = async () => {
  const app = newBareApp()
  // Idle connections stay open for ever, so that only the stop can close them.
  app.server.keepAliveTimeout = 0
  const [asked, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.get('/slow', async () => {
    asked.resolve()
    await mayAnswer.promise
    return { slow: true }
  })
  app.post('/slow', async () => ({ slow: true }))
  app.get('/begun', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': '4' }).write('be')
    asked.resolve()
    void mayAnswer.promise.then(() => reply.raw.end('en'))
  })
  const port = await freePort()
  await app.listen({ host: '127.0.0.1', port })
  /** Begins the stop; resolves when the port is closed. */
  const stop = async () => {
    const stopped = app.close()
    await millisecondsUntil(hangs, async () => !app.server.listening)
    return { stopped }
  }
  return { app, port, stop, hasBegun: asked.promise, answer: mayAnswer.resolve }
}

/** A connection with what it received until the server closed it. */
const open = async (app: FastifyInstance, port: number) => {
  const connection = once(app.server, 'connection')
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => undefined)
  const [accepted]: Socket[] = await connection
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  const closed = once(socket, 'close').then(() => text)
  /** Waits until the server has received so many bytes. */
  const arrived = async (bytes: number): Promise<number> =>
    await millisecondsUntil(hangs, async () => accepted?.bytesRead === bytes)
  return { socket, closed, arrived }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a.b\r\n\r\n`

test('a connection on which nothing was ever sent does not hold a stop up', { timeout: hangs }, async () => {
  const { app, port } = await start()
  const { closed } = await open(app, port)
  await app.close()
  expect(await closed).toBe('')
})

test('an idle connection is closed at once, while another request is under way', {
  timeout: hangs,
}, async () => {
  const { app, port, stop, hasBegun, answer } = await start()
  const [idle, busy] = [await open(app, port), await open(app, port)]
  idle.socket.write(get('/healthz'))
  await once(idle.socket, 'data')
  busy.socket.write(get('/slow'))
  await hasBegun
  const { stopped } = await stop()
  expect(await idle.closed).toMatch(/^HTTP\/1\.1 200 /)
  answer()
  await stopped
})

test('a request under way is answered with `connection: close`, and its connection is closed', {
  timeout: hangs,
}, async () => {
  const { app, port, stop, hasBegun, answer } = await start()
  const { socket, closed } = await open(app, port)
  socket.write(get('/slow'))
  await hasBegun
  const { stopped } = await stop()
  answer()
  const text = await closed
  expect(text).toMatch(/^connection: close\r$/im)
  expect(text).toMatch(/\{"slow":true\}$/)
  await stopped
})

test('an answer that has begun is sent to its end, and its connection is closed', {
  timeout: hangs,
}, async () => {
  const { app, port, stop, hasBegun, answer } = await start()
  const { socket, closed } = await open(app, port)
  socket.write(get('/begun'))
  await hasBegun
  const { stopped } = await stop()
  answer()
  expect(await closed).toMatch(/\r\n\r\nbeen$/)
  await stopped
})

test('a request that has arrived in part is still taken', { timeout: hangs }, async () => {
  const { app, port, stop, answer } = await start()
  const { socket, closed, arrived } = await open(app, port)
  const [first, rest] = ['GET /slow HTTP/1.1\r\n', 'host: a.b\r\n\r\n']
  socket.write(first)
  await arrived(first.length)
  const { stopped } = await stop()
  socket.write(rest)
  answer()
  expect(await closed).toMatch(/\{"slow":true\}$/)
  await stopped
})

test.each([
  ['head', 'headersTimeout', 'GET /slow HTTP/1.1\r\n'],
  [
    'body',
    'requestTimeout',
    `POST /slow HTTP/1.1\r\nhost: a.b\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
  ],
] as const)(
  'a request is cut off whose %s never arrives while the service stops',
  {
    timeout: hangs,
  },
  async (_what, limit, sent) => {
    const { app, port, stop } = await start()
    const { socket, arrived } = await open(app, port)
    socket.write(sent)
    await arrived(sent.length)
    app.server[limit] = 50
    const { stopped } = await stop()
    await stopped
  },
)
