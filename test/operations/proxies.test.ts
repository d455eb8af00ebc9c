// docs/operations.md: nginx and Caddy in front, as the document configures them; streams, addresses and what stays inside.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { millisecondsUntil } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { block } from '../support/operations.js'
import { findProxy, proxiedHost, ReverseProxy } from '../support/reverse-proxy.js'
import { startTestService, type TestService } from '../support/start-service.js'

const isRequired = process.env['CI'] !== undefined
const publicUrl = `https://${proxiedHost}`
const configurations = { nginx: block('A reverse proxy', 0), caddy: block('A reverse proxy', 1) }
const query = 'subscription ($id: ID!) { challengeUpdated(id: $id) { status } }'

/** The chunks of a stream, as they arrive. */
class Chunks {
  text = ''
  isOver = false

  constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      this.text += chunk
    })
    response.on('close', () => {
      this.isOver = true
    })
  }

  async until(part: string): Promise<void> {
    await millisecondsUntil(20_000, async () => this.text.includes(part))
  }
}

describe.each(['nginx', 'caddy'] as const)('%s', (name) => {
  const program = findProxy(name)
  describe.skipIf(program === null && !isRequired)(`in front (needs ${name})`, () => {
    let idem: TestService
    let proxy: ReverseProxy
    beforeAll(async () => {
      if (program === null) throw new Error(`needs ${name}: install it`)
      idem = await startTestService({
        environment: {
          IDEM_PUBLIC_URL: publicUrl,
          IDEM_TRUSTED_PROXIES: '127.0.0.1',
          IDEM_STREAMS_PER_SOURCE: '1',
        },
      })
      proxy = await ReverseProxy.start(name, {
        program,
        configuration: configurations[name],
        serviceUrl: idem.url,
      })
    })
    afterAll(async () => {
      await proxy?.stop()
      await idem?.stop()
    })

    const listeners = () => idem.foundation.notifications.listenerCount('held_challenge')

    /** Asks for the stream of a challenge. */
    const watch = async (id: string, from: string, headers: Readonly<Record<string, string>> = {}) =>
      await proxy.ask('/graphql/stream', {
        from,
        headers: { accept: 'text/event-stream', ...headers },
        body: JSON.stringify({ query, variables: { id } }),
      })

    test('each event of a stream passes at once, and the end as well', async () => {
      const { id } = await new KeyOwner(idem).challenge()
      const stream = new Chunks(await watch(id, '127.0.0.2'))
      expect(stream.response.statusCode).toBe(200)
      expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
      // A proxy that collects the answer would pass on nothing before the end.
      await stream.until('"status":"PENDING"')
      expect(stream.isOver).toBe(false)
      expect(listeners()).toBe(1)
      idem.clock.advance(60)
      await stream.until('"status":"EXPIRED"')
      await stream.until('event: complete')
      await millisecondsUntil(20_000, async () => stream.isOver && listeners() === 0)
    })

    test('who leaves a stream leaves no place behind', async () => {
      const { id } = await new KeyOwner(idem).challenge()
      const stream = new Chunks(await watch(id, '127.0.0.2'))
      await stream.until('PENDING')
      stream.response.destroy()
      await millisecondsUntil(20_000, async () => listeners() === 0)
    })

    test('the client counts by its own address, whatever it says', async () => {
      const { id } = await new KeyOwner(idem).challenge()
      const first = new Chunks(await watch(id, '127.0.0.2'))
      await first.until('PENDING')
      for (const headers of [
        {},
        { 'x-forwarded-for': '6.6.6.6' },
        { 'x-forwarded-for': '6.6.6.6, 127.0.0.1' },
        { forwarded: 'for=6.6.6.6' },
        { 'x-real-ip': '6.6.6.6', 'x-client-ip': '6.6.6.6' },
      ]) {
        const refused = await watch(id, '127.0.0.2', headers)
        expect([headers, refused.statusCode]).toEqual([headers, 429])
        expect(refused.headers['retry-after']).toBeTruthy()
        refused.resume()
      }
      const other = new Chunks(await watch(id, '127.0.0.3'))
      await other.until('PENDING')
      first.response.destroy()
      other.response.destroy()
      await millisecondsUntil(20_000, async () => listeners() === 0)
    })

    test('the public URL is that of the proxy: in tokens, documents and headers', async () => {
      const discovery = await proxy.ask('/.well-known/openid-configuration')
      expect(JSON.parse(await text(discovery))).toMatchObject({
        issuer: publicUrl,
        jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      })
      expect(discovery.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
      const signIn = 'mutation { signIn(input: { proof: { anonymous: {} } }) { tokens { accessToken } } }'
      const answer = await proxy.ask('/graphql', { body: JSON.stringify({ query: signIn }) })
      const { accessToken } = JSON.parse(await text(answer)).data.signIn.tokens
      expect(JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url').toString()).iss).toBe(publicUrl)
      const home = await text(await proxy.ask('/'))
      expect(home).toContain(`${publicUrl}/graphql`)
    })

    test('refusals pass as they are', async () => {
      for (const [path, asked, status, header, value] of [
        [
          '/graphql',
          { body: 'x', headers: { 'content-type': 'text/plain' } },
          415,
          'accept',
          'application/json',
        ],
        ['/graphql', { method: 'DELETE' }, 405, 'allow', 'GET, HEAD, POST'],
        [
          '/graphql',
          { body: JSON.stringify({ query: `subscription { challengeUpdated(id: "x") { id } }` }) },
          406,
          'cache-control',
          'no-store',
        ],
        [
          '/graphql',
          { body: JSON.stringify({ query: 'x'.repeat(70_000) }) },
          413,
          'cache-control',
          'no-store',
        ],
        [
          '/graphql',
          { body: '{}', headers: { authorization: 'Bearer x' } },
          401,
          'www-authenticate',
          'Bearer error="invalid_token"',
        ],
        ['/.well-known/nothing', {}, 404, 'cache-control', 'no-store'],
      ] as const) {
        const answer = await proxy.ask(path, asked)
        expect([path, answer.statusCode, answer.headers[header]]).toEqual([path, status, value])
        const [{ extensions }] = JSON.parse(await text(answer)).errors
        expect(extensions.requestId).toBe(answer.headers['x-request-id'])
      }
    })

    test('what is not for the public is not passed on', async () => {
      for (const path of [
        '/metrics',
        '/healthz',
        '/readyz',
        '/mailbox',
        '/Metrics',
        '//metrics',
        '/nothing',
        '/graphql/',
        '/graphql/../metrics',
      ]) {
        const answer = await proxy.ask(path)
        answer.resume()
        expect([path, answer.statusCode, answer.headers['x-request-id']]).toEqual([path, 404, undefined])
      }
      const link = await proxy.ask('/confirm?token=x')
      expect([link.statusCode, link.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
      expect(await text(link)).toContain('We do not know this link')
    })

    test('a stream passes over HTTP/2', async () => {
      const { id } = await new KeyOwner(idem).challenge()
      const socket = await proxy.connect({ protocol: 'h2' })
      const session = connectHttp2(publicUrl, { createConnection: () => socket })
      const call = session.request({
        ':method': 'POST',
        ':path': '/graphql/stream',
        'content-type': 'application/json',
        accept: 'text/event-stream',
      })
      call.end(JSON.stringify({ query, variables: { id } }))
      const [headers] = await once(call, 'response')
      expect(headers[':status']).toBe(200)
      let received = ''
      call.on('data', (chunk) => {
        received += chunk.toString()
      })
      await millisecondsUntil(20_000, async () => received.includes('PENDING'))
      expect(call.closed).toBe(false)
      session.destroy()
      await millisecondsUntil(20_000, async () => listeners() === 0)
    })
  })
})
