// `localhost` is an IPv4 and an IPv6 address: both are answered alike, whatever is sent, until the service stops.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { addressesOf, listen } from '../../../src/http/listen.js'
import { sendRaw } from '../../support/raw-http.js'
import { freePort } from '../../support/start-service.js'
import { newBareApp } from './bare-app.js'

const both = ['127.0.0.1', '::1']

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((found) => found?.address === '::1')

const openApp = () => {
  const app = newBareApp()
  onTestFinished(async () => await app.close())
  return app
}

const start = async () => {
  const [app, port] = [openApp(), await freePort()]
  await listen(app, { addresses: both, port })
  return port
}

test.skipIf(!hasIpv6).each([
  ['malformed HTTP', 'nonsense\r\n\r\n', 400],
  ['CONNECT', 'CONNECT a.b:80 HTTP/1.1\r\nhost: a.b\r\n\r\n', 405],
  ['an expectation', 'GET /healthz HTTP/1.1\r\nhost: a.b\r\nexpect: cake\r\n\r\n', 417],
  ['a request', 'GET /healthz HTTP/1.1\r\nhost: a.b\r\nconnection: close\r\n\r\n', 200],
])('%s is answered alike in both families, with a request id', async (_what, sent, status) => {
  const port = await start()
  for (const hostname of both) {
    const answer = await sendRaw({ hostname, port: String(port) }, sent)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  }
})

test.skipIf(!hasIpv6)(
  'a stop ends idle connections of both families, and answers what is under way',
  async () => {
    const app = openApp()
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
    const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>()
    app.get('/slow', async () => {
      begin()
      await mayAnswer
      return { slow: true }
    })
    const port = await freePort()
    await listen(app, { addresses: both, port })
    const idle = both.map((host) => connect({ host, port }))
    for (const socket of idle) {
      socket.write('GET /healthz HTTP/1.1\r\nhost: a.b\r\n\r\n')
      await once(socket, 'data')
    }
    const slow = connect({ host: '::1', port })
    slow.write('GET /slow HTTP/1.1\r\nhost: a.b\r\n\r\n')
    await hasBegun
    const ended = idle.map(async (socket) => await once(socket, 'close'))
    const closed = app.close()
    await ended[1]
    answer()
    expect(String((await once(slow, 'data'))[0])).toContain('{"slow":true}')
    await Promise.all([closed, ...ended])
    for (const host of both) {
      const [error] = await once(connect({ host, port }), 'error')
      expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    }
  },
)

test.skipIf(!hasIpv6)('a port that is in use in one of the families is a failure of the start', async () => {
  const [app, port] = [openApp(), await freePort()]
  const other = createServer().listen(port, '::1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  await expect(listen(app, { addresses: both, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('an address that this machine does not have is left out, as without IPv6', async () => {
  const [app, port] = [openApp(), await freePort()]
  await listen(app, { addresses: ['127.0.0.1', '2001:db8::1'], port })
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
})

test('localhost has its addresses, IPv4 first; any other host is one', async () => {
  expect((await addressesOf('localhost'))[0]).toBe('127.0.0.1')
  expect(await addressesOf('0.0.0.0')).toEqual(['0.0.0.0'])
})
