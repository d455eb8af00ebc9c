// The test bench of `idem webhooks listen`: what it takes for genuine, what it passes on, and what it answers.

import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textOutput } from '../../../src/cli/output.js'
import { verifyDelivery } from '../../../src/cli/verify-delivery.js'
import { WebhookBench } from '../../../src/cli/webhook-bench.js'
import { type ReceivedRequest, startWebhookReceiver } from '../../../src/cli/webhook-receiver.js'
import { bareMachine } from './try-cli.js'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const whpk = `whpk_${Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`
const otherKey = `whpk_${Buffer.from(
  createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ format: 'jwk' }).x ?? '',
  'base64url',
).toString('base64')}`
const keys = { secret, publicKeys: [whpk] }

interface Forgery {
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly at?: Date
}

/** A delivery of this moment, signed in both ways, and then changed. */
const delivery = ({ headers = {}, at = new Date(), ...forged }: Forgery = {}): ReceivedRequest => {
  const body = JSON.stringify({ type: 'account.provisioned', data: { accountId: 'ä' } })
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const content = Buffer.from(`event-1.${timestamp}.${body}`)
  const signatures = [
    new Webhook(secret).sign('event-1', at, body),
    `v1a,${sign(null, content, privateKey).toString('base64')}`,
  ]
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'event-1',
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.join(' '),
      ...headers,
    },
    body: forged.body ?? body,
  }
}

test('a delivery that both signatures cover is genuine', () => {
  expect(verifyDelivery(keys, delivery())).toEqual({ schemes: ['v1', 'v1a'], failure: null })
})

test('a delivery is genuine by the key before a rotation, as long as it is published', () => {
  expect(verifyDelivery({ secret, publicKeys: [otherKey, whpk] }, delivery()).failure).toBeNull()
})

test.each([
  ['another body', keys, delivery({ body: '{"type":"account.deleted"}' }), []],
  ['another id', keys, delivery({ headers: { 'webhook-id': 'event-2' } }), []],
  ['no signature', keys, delivery({ headers: { 'webhook-signature': '' } }), []],
  ['half of a signature', keys, delivery({ headers: { 'webhook-signature': 'v1a,AA== v1,AA==' } }), []],
  ['another secret', { ...keys, secret: `whsec_${'A'.repeat(44)}` }, delivery(), ['v1a']],
  ['another key', { ...keys, publicKeys: [otherKey] }, delivery(), ['v1']],
  ['no key', { ...keys, publicKeys: [] }, delivery(), ['v1']],
  ['a time ten minutes ago', keys, delivery({ at: new Date(Date.now() - 600_000) }), ['v1a']],
])('a delivery with %s is not', (_what, given, request, schemes) => {
  const verdict = verifyDelivery(given, request)
  expect(verdict.failure).toEqual(expect.any(String))
  expect(verdict.schemes).toEqual(schemes)
})

/** A receiver to which a bench passes on. */
const target = { status: 204, requests: [] as { headers: Record<string, unknown>; body: string }[] }
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  target.requests.push({ headers: request.headers, body })
  response.writeHead(target.status, target.status === 503 ? { 'retry-after': '7' } : {}).end('{}')
})
let targetUrl = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  targetUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const endpoint = {
  id: 'endpoint-1',
  url: '',
  description: null,
  eventTypes: null,
  disabledBecause: null,
  disabledAt: null,
  failingSince: null,
  publicKeys: [whpk],
  createdAt: '2026-01-31T12:00:00Z',
}

const openBench = (forwardTo: string | null) => {
  const said = { text: '' }
  const output = textOutput({
    stdout: { write: () => undefined },
    stderr: { write: (text) => (said.text += text) },
  })
  const bench = new WebhookBench({ connection: { machine: bareMachine, output }, forwardTo, most: null })
  bench.know({ endpoint, secret })
  return { bench, said }
}

test('a genuine delivery is acknowledged, and one line says so', async () => {
  const { bench, said } = openBench(null)
  expect(await bench.take(delivery())).toMatchObject({ status: 204 })
  expect(said.text).toBe('account.provisioned  event-1  verified v1 v1a  answered 204\n')
  expect(bench.counts).toEqual({ received: 1, verified: 1, acknowledged: 1 })
})

test('a genuine delivery is passed on with its own headers and its body', async () => {
  const { bench } = openBench(targetUrl)
  const request = delivery()
  expect(await bench.take(request)).toMatchObject({ status: 204, failure: null })
  const [arrived] = target.requests.splice(0)
  expect(arrived).toMatchObject({ headers: request.headers, body: request.body })
  expect(arrived?.headers['host']).toBe(new URL(targetUrl).host)
})

test.each([503, 410, 302])('what its receiver answers, here %s, is passed back', async (status) => {
  const { bench, said } = openBench(targetUrl)
  target.status = status
  const answer = await bench.take(delivery()).finally(() => {
    target.status = 204
  })
  target.requests.splice(0)
  expect(answer).toMatchObject({ status, retryAfter: status === 503 ? '7' : null })
  expect(said.text).toContain(`answered ${status}`)
  expect(bench.counts).toEqual({ received: 1, verified: 1, acknowledged: 0 })
})

test('a receiver that is not there is a 502, with the reason', async () => {
  const { bench, said } = openBench('http://127.0.0.1:1/')
  expect(await bench.take(delivery())).toMatchObject({ status: 502 })
  expect(said.text).toMatch(/answered 502 \(.+\)\n$/)
})

test('what is not genuine is refused and not passed on', async () => {
  const { bench, said } = openBench(targetUrl)
  expect(await bench.take(delivery({ body: 'no JSON' }))).toMatchObject({ status: 400 })
  expect(target.requests).toEqual([])
  expect(said.text).toContain('NOT VERIFIED')
  expect(bench.counts).toEqual({ received: 1, verified: 0, acknowledged: 0 })
})

test('a bench ends after the deliveries that it was told, or by Ctrl-C, also one before', async () => {
  const output = textOutput({ stdout: { write: () => undefined }, stderr: { write: () => undefined } })
  const counting = new WebhookBench({
    connection: { machine: bareMachine, output },
    forwardTo: null,
    most: 2,
  })
  counting.know({ endpoint, secret })
  const never = new AbortController()
  await counting.take(delivery())
  let isOver = false
  const over = counting.ended(never.signal).then(() => {
    isOver = true
  })
  await counting.take(delivery({ body: 'forged' }))
  await over
  expect(isOver).toBe(true)
  expect(counting.counts).toMatchObject({ received: 2, verified: 1 })
  const { bench } = openBench(null)
  await bench.ended(AbortSignal.abort())
  const interruption = new AbortController()
  const ended = bench.ended(interruption.signal)
  interruption.abort()
  await ended
})

test('the receiver takes what is posted, and no more than a mebibyte', async () => {
  const bodies: string[] = []
  const receiver = await startWebhookReceiver(0, async ({ body }) => {
    bodies.push(body)
    return { status: 503, retryAfter: '9' }
  })
  try {
    const answer = await fetch(receiver.url, { method: 'POST', body: 'ä' })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('9')
    expect((await fetch(receiver.url)).status).toBe(405)
    const tooLarge = fetch(receiver.url, { method: 'POST', body: 'x'.repeat(1_048_577) })
    // The connection may be closed while the body is still sent.
    expect(await tooLarge.then(({ status }) => status).catch(() => 413)).toBe(413)
    expect(bodies).toEqual(['ä'])
    const port = Number(new URL(receiver.url).port)
    await expect(startWebhookReceiver(port, async () => ({ status: 204, retryAfter: null }))).rejects.toThrow(
      /port/,
    )
  } finally {
    await receiver.close()
  }
})
