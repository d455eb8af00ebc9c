// What a call that gets no answer of Idem tells: each fault of the network, and of what stands in between, by itself.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { IdemError } from '../../../src/client/idem-error.js'
import { networkFailure } from '../../../src/client/network-fault.js'
import { httpTransport } from '../../../src/client/transport.js'
import { closedAddress, type FixedAnswer, serverThatAnswers } from './no-idem.js'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** The address of a server that treats each connection so, once something has arrived. */
const peerThat = async (behave: (socket: Socket) => void): Promise<string> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => behave(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const failureAt = (url: string): Promise<IdemError> =>
  httpTransport({ url })
    .send({ document: '{ me { id } }' })
    .then(
      () => Promise.reject(new Error('it answered')),
      (error) => error,
    )

const says = (text: string) => (socket: Socket) => socket.end(text)

test.each([
  ['nobody listens', closedAddress, 'REFUSED', /^Nothing answers at http:\S+: the connection was refused\.$/],
  [
    'the name is unknown',
    async () => 'http://idem.invalid',
    'NAME_UNKNOWN',
    /name of http:\S+ cannot be found/,
  ],
  ['no network leads there', async () => 'http://255.255.255.255', 'NO_ROUTE', /No network leads to/],
  [
    'fetch refuses the port',
    async () => 'http://localhost:6667',
    'PORT_BLOCKED',
    /is a port of another service/,
  ],
  ['the connection is closed', () => peerThat((socket) => socket.end()), 'HUNG_UP', /without an answer\.$/],
  [
    'the connection is reset',
    () => peerThat((socket) => socket.resetAndDestroy()),
    'HUNG_UP',
    /without an answer\.$/,
  ],
  ['its head is cut', () => peerThat(says('HTTP/1.1 200 OK\r\n')), 'HUNG_UP', /without an answer\.$/],
  [
    'its body is shorter than it says',
    () => peerThat(says('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"data":{')),
    'CUT_SHORT',
    /answer of http:\S+ was cut short\.$/,
  ],
  [
    'a chunk is missing',
    () => peerThat(says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n32\r\n{"data":{')),
    'CUT_SHORT',
    /answer of http:\S+ was cut short\.$/,
  ],
  [
    'half of the JSON is missing and no length tells',
    () => peerThat(says('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"data":{')),
    'CUT_SHORT',
    /cut short/,
  ],
  ['it speaks something else', () => peerThat(says('SSH-2.0-OpenSSH\r\n')), 'NO_HTTP', /does not speak HTTP/],
  [
    'it speaks no TLS',
    async () => (await peerThat(says('HTTP/1.1 400 Bad\r\n\r\n'))).replace('http:', 'https:'),
    'NO_TLS',
    /does not speak TLS/,
  ],
])('%s: said, with its reason', async (_what, address, reason, sentence) => {
  const failure = await failureAt(await address())
  expect(failure).toMatchObject({ code: 'UNREACHABLE', details: { reason } })
  expect(failure.message).toMatch(sentence)
})

const html = { 'content-type': 'text/html' }

test.each<[string, FixedAnswer, string, string, RegExp]>([
  ['a network asks for a login', { status: 511, headers: html }, 'UNREACHABLE', 'NETWORK_LOGIN', /HTTP 511/],
  ['a gateway without a server', { status: 502, headers: html }, 'UNAVAILABLE', 'GATEWAY', /HTTP 502/],
  ['a gateway that is told to wait', { status: 503, headers: html }, 'UNAVAILABLE', 'GATEWAY', /HTTP 503/],
  ['a gateway with a slow server', { status: 504, headers: html }, 'UNAVAILABLE', 'GATEWAY', /HTTP 504/],
  [
    'a redirect to another host',
    { status: 302, headers: { location: 'https://login.wifi.example/start?session=SECRET' } },
    'UNEXPECTED_ANSWER',
    'REDIRECTED',
    /sends on to https:\/\/login\.wifi\.example, which is not followed \(HTTP 302\)\.$/,
  ],
  [
    'a redirect on the same host',
    { status: 308, headers: { location: '/login' } },
    'UNEXPECTED_ANSWER',
    'REDIRECTED',
    /sends on to another path/,
  ],
  ['a page', { headers: html, body: '<html>' }, 'UNEXPECTED_ANSWER', 'NO_IDEM', /HTTP 200 with a web page/],
  ['nothing', { status: 404 }, 'UNEXPECTED_ANSWER', 'NO_IDEM', /HTTP 404 without a GraphQL answer/],
])('%s: said, with its reason', async (_what, answer, code, reason, sentence) => {
  await using server = await serverThatAnswers(answer)
  const failure = await failureAt(server.url)
  expect(failure).toMatchObject({ code, details: { reason } })
  expect(failure.message).toMatch(sentence)
  expect(failure.message).not.toContain('SECRET')
})

test.each([
  [{ status: 502 }, { code: 'UNAVAILABLE' }],
  [{ status: 511 }, { code: 'UNREACHABLE', details: { reason: 'NETWORK_LOGIN' } }],
  [
    { status: 302, headers: { location: '/' } },
    { code: 'UNEXPECTED_ANSWER', details: { reason: 'REDIRECTED' } },
  ],
])('the discovery document is told apart from %j too', async (answer, told) => {
  await using server = await serverThatAnswers(answer)
  await expect(httpTransport({ url: server.url }).identify()).rejects.toMatchObject(told)
})

test.each([
  ['ETIMEDOUT', 'TIMED_OUT', 'NO_CONNECTION'],
  ['UND_ERR_CONNECT_TIMEOUT', 'TIMED_OUT', 'NO_CONNECTION'],
  ['EAI_AGAIN', 'UNREACHABLE', 'NO_NAME_SERVER'],
  ['CERT_NOT_YET_VALID', 'UNREACHABLE', 'CERTIFICATE_TOO_EARLY'],
  ['CERT_REVOKED', 'UNREACHABLE', 'CERTIFICATE_REFUSED'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'UNREACHABLE', 'TLS_REFUSED'],
  ['E_SOMETHING_NEW', 'UNREACHABLE', 'OTHER'],
])('a fault with the code %s is %s, %s', (faultCode, code, reason) => {
  const fault = new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: faultCode }) })
  const failure = networkFailure(fault, { name: 'https://id.example.org', timeoutSeconds: 15 })
  expect(failure).toMatchObject({ code, details: { reason }, cause: fault })
  expect(failure.message).toContain('https://id.example.org')
})

test('where several addresses of a host failed, the first one tells', () => {
  const errors = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error('x'), { code }))
  const fault = new TypeError('fetch failed', { cause: new AggregateError(errors) })
  const failure = networkFailure(fault, { name: 'http://localhost:4000', timeoutSeconds: 15 })
  expect(failure).toMatchObject({ details: { reason: 'REFUSED' } })
})
