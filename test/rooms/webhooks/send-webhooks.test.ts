// Deliveries: signed after Standard Webhooks, at least once, in the order of each account, tried again by the schedule.
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { beforeEach, describe, expect, test } from 'vitest'
import { WebhookPlaces } from '../../../jobs/webhook-places.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { changeEndpoint } from '../../../src/webhooks/change-endpoint.js'
import { redeliverEvent } from '../../../src/webhooks/redeliver-event.js'
import { redeliverFailedSince } from '../../../src/webhooks/redeliver-failed-since.js'
import { removeEndpoint } from '../../../src/webhooks/remove-endpoint.js'
import { rotateEndpointSecret } from '../../../src/webhooks/rotate-endpoint-secret.js'
import { atOnce } from '../../support/calls.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type ReceivedWebhook, startWebhookSink, withStatus } from '../../support/webhook-sink.js'
import { addressesOf, Hooks } from './open-hooks.js'

const { idem, tables } = await serviceOfFile()
const hooks = new Hooks(idem, tables)
beforeEach(async () => await hooks.clear())

const [hourSeconds, daySeconds] = [3_600, 24 * 3_600]

const signaturesIn = ({ headers }: ReceivedWebhook): readonly string[] =>
  String(headers['webhook-signature']).split(' ')
const verifies = (secret: string, got: ReceivedWebhook): boolean => {
  try {
    new Webhook(secret).verify(got.body, got.headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}
const handlesIn = (got: readonly ReceivedWebhook[]): unknown[] => got.map(({ data }) => data['handle'])
const ids = (count: number): string[] => Array.from({ length: count }, () => systemRandom.uuid())

describe('a delivery', () => {
  test('is verified by the standardwebhooks package, and by the Ed25519 key of the key set', async () => {
    const sink = await startWebhookSink()
    const { endpoint, secret } = await hooks.add(sink.url)
    const [account = ''] = ids(1)
    await hooks.act(account, 'ada')
    await hooks.deliver(endpoint.id)
    const [got] = sink.got as [ReceivedWebhook]
    expect(sink.got).toHaveLength(1)
    expect(verifies(secret.reveal(), got)).toBe(true)
    expect(verifies(secret.reveal(), { ...got, body: got.body.replace('ada', 'eve') })).toBe(false)
    expect(got).toMatchObject({
      type: 'account.updated',
      data: { accountId: account, changed: ['handle'], handle: 'ada' },
      headers: { 'content-type': 'application/json' },
    })
    const { keys } = await idem.foundation.webhookEndpoints.jwks(hooks.call())
    const key = createPublicKey({ key: keys[0] as JsonWebKey, format: 'jwk' })
    const content = `${got.headers['webhook-id']}.${got.headers['webhook-timestamp']}.${got.body}`
    const signature = Buffer.from(signaturesIn(got)[1]?.replace('v1a,', '') ?? '', 'base64')
    expect(verify(null, Buffer.from(content), key, signature)).toBe(true)
    expect(verify(null, Buffer.from(`${content} `), key, signature)).toBe(false)
    const [entry] = await hooks.log(endpoint.id)
    expect(entry).toMatchObject({ state: 'DELIVERED', status: 204, attempts: 1, fault: null })
  })

  test('is signed by both pairs of keys for a day after a rotation, and by the new one alone after it', async () => {
    const sink = await startWebhookSink()
    const before = await hooks.add(sink.url)
    const { id } = before.endpoint
    const after = await rotateEndpointSecret(hooks.call(), id, hooks.needs)
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.deliver(id)
    const [first] = sink.got as [ReceivedWebhook]
    expect(signaturesIn(first).map((each) => each.split(',')[0])).toEqual(['v1', 'v1a', 'v1', 'v1a'])
    for (const { secret } of [before, after]) expect(verifies(secret.reveal(), first)).toBe(true)
    expect((await idem.foundation.webhookEndpoints.jwks(hooks.call())).keys).toHaveLength(2)
    idem.clock.advance(daySeconds)
    await hooks.act(systemRandom.uuid(), 'grace')
    await hooks.deliver(id)
    expect(signaturesIn(sink.got[1] as ReceivedWebhook).map((each) => each.split(',')[0])).toEqual([
      'v1',
      'v1a',
    ])
    expect((await idem.foundation.webhookEndpoints.jwks(hooks.call())).keys).toHaveLength(1)
  })

  test('is of the wanted events alone, and not made while the endpoint is disabled', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url, ['identity.linked'])
    const [account = ''] = ids(1)
    await hooks.act(account, 'ada')
    const linked = { method: 'email', identityId: systemRandom.uuid(), subject: 'ada@example.org' }
    await hooks.note({ action: 'identity.linked', accountId: account, detail: linked })
    await hooks.deliver(endpoint.id)
    expect(sink.got.map(({ type }) => type)).toEqual(['identity.linked'])
    // What is nobody's business stays here.
    expect(sink.got[0]?.body).not.toContain('example.org')
    await changeEndpoint(hooks.call(), endpoint.id, { isEnabled: false }, hooks.needs)
    await hooks.note({ action: 'identity.linked', accountId: account, detail: linked })
    await hooks.deliver(endpoint.id)
    await changeEndpoint(hooks.call(), endpoint.id, { isEnabled: true }, hooks.needs)
    await hooks.deliver(endpoint.id)
    expect(sink.got).toHaveLength(1)
  })

  test('is made once for each endpoint, however many workers fan out at once', async () => {
    const sink = await startWebhookSink()
    const endpoints = [await hooks.add(sink.url), await hooks.add(sink.url)]
    for (const account of ids(5)) await hooks.act(account, 'ada')
    await atOnce(8, async () => await hooks.fanOut())
    for (const { endpoint } of endpoints) expect(await hooks.log(endpoint.id)).toHaveLength(5)
  })
})

describe('the order of an account', () => {
  test('holds under failures: only its oldest is sent, and others are not held up by it', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    const [ada = '', grace = ''] = ids(2)
    let failures = 2
    sink.answer = (response, { data }) => {
      const fails = data['accountId'] === ada && failures-- > 0
      response.writeHead(fails ? 500 : 200).end()
    }
    for (const handle of ['a1', 'a2', 'a3']) await hooks.act(ada, handle)
    await hooks.act(grace, 'g1')
    await hooks.deliver(endpoint.id)
    expect(handlesIn(sink.got).toSorted()).toEqual(['a1', 'g1'])
    // One that comes while the oldest waits stays behind it.
    await hooks.act(ada, 'a4')
    await hooks.deliver(endpoint.id)
    expect(sink.got).toHaveLength(2)
    idem.clock.advance(7)
    await hooks.deliver(endpoint.id)
    idem.clock.advance(400)
    await hooks.deliver(endpoint.id)
    expect(handlesIn(sink.got.filter(({ data }) => data['accountId'] === ada))).toEqual([
      'a1',
      'a1',
      'a1',
      'a2',
      'a3',
      'a4',
    ])
  })

  test('holds with several workers: one request for an endpoint and an account at a time', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    const accounts = ids(3)
    const underWay = new Set<unknown>()
    let together = 0
    sink.answer = (response, { data }) => {
      if (underWay.has(data['accountId'])) together += 1
      underWay.add(data['accountId'])
      setImmediate(() => {
        underWay.delete(data['accountId'])
        response.writeHead(200).end()
      })
    }
    for (const handle of ['h1', 'h2', 'h3', 'h4'])
      for (const account of accounts) await hooks.act(account, handle)
    await hooks.fanOut()
    await atOnce(4, async () => await hooks.send(endpoint.id, { webhookPlaces: new WebhookPlaces(50) }))
    // A worker that found every line taken has left it to those that had them.
    await hooks.send(endpoint.id)
    expect(together).toBe(0)
    for (const account of accounts)
      expect(handlesIn(sink.got.filter(({ data }) => data['accountId'] === account))).toEqual([
        'h1',
        'h2',
        'h3',
        'h4',
      ])
  })
})

describe('a try that fails', () => {
  const failWith = async (answer: ReturnType<typeof withStatus>) => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    sink.answer = answer
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.deliver(endpoint.id)
    const [entry] = await hooks.log(endpoint.id)
    const waits = ((entry?.nextAttemptAt.getTime() ?? 0) - hooks.call().now.getTime()) / 1_000
    return { sink, endpoint, entry, waits }
  }

  test('is repeated by the schedule ten times, each with its own timestamp and the same id, and given up', async () => {
    const { sink, endpoint } = await failWith(withStatus(500, {}, 'out of\norder'))
    const waits = [5, 300, 1_800, 2 * hourSeconds, 5 * hourSeconds, 10 * hourSeconds]
    const longer = [14 * hourSeconds, 20 * hourSeconds, 24 * hourSeconds]
    for (const wait of [...waits, ...longer]) {
      const count = sink.got.length
      idem.clock.advance(wait - 1)
      await hooks.send(endpoint.id)
      expect(sink.got).toHaveLength(count)
      idem.clock.advance(1 + wait * 0.2)
      await hooks.send(endpoint.id)
      expect(sink.got).toHaveLength(count + 1)
    }
    expect(sink.got).toHaveLength(10)
    expect(new Set(sink.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(sink.got.map(({ body }) => body)).size).toBe(1)
    expect(new Set(sink.got.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10)
    expect(await hooks.log(endpoint.id)).toMatchObject([
      { state: 'FAILED', status: 500, attempts: 10, answer: 'out of order', acknowledgedAt: null },
    ])
  })

  test('waits as long as the receiver asks, within a day, and never shorter than the schedule', async () => {
    expect((await failWith(withStatus(503, { 'retry-after': '3600' }))).waits).toBe(hourSeconds)
    expect((await failWith(withStatus(429, { 'retry-after': '99999999' }))).waits).toBe(daySeconds)
    expect((await failWith(withStatus(503, { 'retry-after': '0' }))).waits).toBeGreaterThanOrEqual(5)
    for (const nonsense of ['soon', '-5', '1e9', ''])
      expect((await failWith(withStatus(503, { 'retry-after': nonsense }))).waits).toBeLessThanOrEqual(6)
    const date = new Date(hooks.call().now.getTime() + 2 * hourSeconds * 1_000).toUTCString()
    const { waits } = await failWith(withStatus(503, { 'retry-after': date }))
    expect(Math.round(waits / 60)).toBe(120)
  })

  test('is one that was redirected: nothing follows it, and it says so', async () => {
    const elsewhere = await startWebhookSink()
    const { entry } = await failWith(withStatus(307, { location: elsewhere.url }))
    expect(entry).toMatchObject({ state: 'PENDING', status: null })
    expect(entry?.fault).toContain('redirect')
    expect(elsewhere.got).toEqual([])
  })

  test('is one whose name leads to a private network, which is never called', async () => {
    const sink = await startWebhookSink()
    addressesOf['hooks.example.org'] = ['10.0.0.7']
    addressesOf['both.example.org'] = ['93.184.216.34', '169.254.169.254']
    for (const host of ['hooks.example.org', 'both.example.org']) {
      const { endpoint } = await hooks.add(`https://${host}/hooks`)
      await hooks.act(systemRandom.uuid(), 'ada')
      await hooks.deliver(endpoint.id)
      expect((await hooks.log(endpoint.id))[0]?.fault).toContain('IDEM_OUTBOUND_NETWORKS')
    }
    expect(sink.got).toEqual([])
  })

  test('is not one whose answer never ends: its status counts, and little of it is kept', async () => {
    let written = 0
    const { entry } = await failWith((response) => {
      response.writeHead(200)
      const chunk = 'x'.repeat(10_000)
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    expect(entry).toMatchObject({ state: 'DELIVERED', status: 200 })
    expect(entry?.answer).toHaveLength(500)
    expect(written).toBeLessThan(50_000_000)
  })
})

describe('an endpoint', () => {
  test('that answers 410 is disabled at once; enabled again it gets what waited', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    sink.answer = withStatus(410)
    const [account = ''] = ids(1)
    await hooks.act(account, 'a1')
    await hooks.act(account, 'a2')
    await hooks.deliver(endpoint.id)
    const found = await idem.foundation.webhookEndpoints.get(hooks.call(), endpoint.id)
    expect(found).toMatchObject({ isEnabled: false, disabledBecause: 'GONE', disabledAt: hooks.call().now })
    idem.clock.advance(daySeconds)
    await hooks.deliver(endpoint.id)
    expect(sink.got).toHaveLength(1)
    sink.answer = withStatus(204)
    await changeEndpoint(hooks.call(), endpoint.id, { isEnabled: true }, hooks.needs)
    await hooks.deliver(endpoint.id)
    expect(handlesIn(sink.got)).toEqual(['a1', 'a1', 'a2'])
  })

  test('that fails for five days is disabled; one success in between keeps it', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    const isEnabled = async () =>
      (await idem.foundation.webhookEndpoints.get(hooks.call(), endpoint.id)).isEnabled
    const tryOnce = async () => {
      await hooks.act(systemRandom.uuid(), 'ada')
      await hooks.deliver(endpoint.id)
    }
    sink.answer = withStatus(500)
    await tryOnce()
    idem.clock.advance(4 * daySeconds)
    sink.answer = withStatus(200)
    await tryOnce()
    sink.answer = withStatus(500)
    await tryOnce()
    idem.clock.advance(5 * daySeconds - 1)
    await tryOnce()
    expect(await isEnabled()).toBe(true)
    idem.clock.advance(1)
    await tryOnce()
    expect(await isEnabled()).toBe(false)
    expect(
      await tables.query(
        `select detail from audit_entry where action = 'webhook.disabled'
      and detail ->> 'endpointId' = $1`,
        [endpoint.id],
      ),
    ).toEqual([{ detail: { endpointId: endpoint.id, because: 'FAILING', endpoint: new URL(sink.url).host } }])
  })

  test('that is removed while it is called takes its deliveries along, and nothing fails', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    let finish: () => void = () => undefined
    sink.answer = (response) => {
      finish = () => void response.writeHead(500).end()
    }
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.fanOut()
    const sent = hooks.send(endpoint.id)
    await sink.until(1)
    await removeEndpoint(hooks.call(), endpoint.id, hooks.needs)
    finish()
    await sent
    expect(await hooks.log(endpoint.id)).toEqual([])
  })

  test('that hangs keeps two places, and others are served meanwhile', async () => {
    const [hanging, other] = [await startWebhookSink(), await startWebhookSink()]
    const waiting: (() => void)[] = []
    hanging.answer = (response) => void waiting.push(() => void response.writeHead(200).end())
    const slow = await hooks.add(hanging.url)
    const quick = await hooks.add(other.url)
    for (const account of ids(6)) await hooks.act(account, 'ada')
    await hooks.fanOut()
    const runs = atOnce(5, async () => await hooks.send(slow.endpoint.id))
    await hanging.until(2)
    await hooks.send(quick.endpoint.id)
    expect(other.got).toHaveLength(6)
    expect(hanging.got).toHaveLength(2)
    hanging.answer = withStatus(200)
    for (const go of waiting) go()
    await runs
    expect(hanging.got).toHaveLength(6)
  })
})

describe('a process without a free place', () => {
  test('gives the next one to the endpoint that has waited longest, once each, also after an error', async () => {
    const sinks = [await startWebhookSink(), await startWebhookSink(), await startWebhookSink()]
    const endpoints = []
    for (const sink of sinks) endpoints.push((await hooks.add(sink.url)).endpoint.id)
    const [busy = '', second = '', third = ''] = endpoints
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.fanOut()
    const webhookPlaces = new WebhookPlaces(1)
    let finish: () => void = () => undefined
    if (sinks[0] !== undefined)
      sinks[0].answer = (response) => {
        finish = () => void response.writeHead(200).end()
      }
    const run = hooks.send(busy, { webhookPlaces })
    await sinks[0]?.until(1)
    for (const waiting of [second, third, second]) await hooks.send(waiting, { webhookPlaces })
    expect(sinks.map(({ got }) => got.length)).toEqual([1, 0, 0])
    finish()
    await run
    expect(sinks.map(({ got }) => got.length)).toEqual([1, 1, 1])
    // An error of the first leaves the place to the next, and free in the end.
    await hooks.act(systemRandom.uuid(), 'grace')
    await hooks.fanOut()
    expect(webhookPlaces.take(busy)).toBe(true)
    await hooks.send('no uuid', { webhookPlaces })
    await hooks.send(second, { webhookPlaces })
    expect(webhookPlaces.pass(busy)).toBe('no uuid')
    expect(webhookPlaces.pass('no uuid')).toBe(second)
    expect(webhookPlaces.pass(second)).toBeNull()
    await expect(hooks.send('no uuid', { webhookPlaces })).rejects.toThrow()
    await hooks.send(third, { webhookPlaces })
    expect(sinks[2]?.got).toHaveLength(2)
    webhookPlaces.close()
    expect(webhookPlaces.take(busy)).toBe(false)
  })
})

describe('at least once', () => {
  test('one is delivered again when asked, also one that was delivered, and not while it is under way', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.deliver(endpoint.id)
    const [entry] = await hooks.log(endpoint.id)
    const again = async () => await redeliverEvent(hooks.call(), entry?.id ?? '', hooks.needs)
    let finish: () => void = () => undefined
    sink.answer = (response) => {
      finish = () => void response.writeHead(204).end()
    }
    await again()
    const sent = hooks.send(endpoint.id)
    await sink.until(2)
    await expect(again()).rejects.toMatchObject({ code: 'CONFLICT' })
    finish()
    await sent
    expect(sink.got).toHaveLength(2)
    await expect(redeliverEvent(hooks.call(), systemRandom.uuid(), hooks.needs)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('all that failed since a time are delivered again, within 14 days', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    sink.answer = withStatus(500)
    for (const account of ids(3)) await hooks.act(account, 'ada')
    await hooks.deliver(endpoint.id)
    const since = new Date(hooks.call().now.getTime() - 1_000)
    const ask = async (from: Date, id = endpoint.id) =>
      await redeliverFailedSince(hooks.call(), { endpointId: id, since: from }, hooks.needs)
    expect(await ask(new Date(hooks.call().now.getTime() + 1_000))).toBe(0)
    expect(await ask(since)).toBe(3)
    sink.answer = withStatus(200)
    await hooks.send(endpoint.id)
    expect(sink.got).toHaveLength(6)
    expect(await ask(since)).toBe(0)
    const tooOld = new Date(hooks.call().now.getTime() - 14 * daySeconds * 1_000 - 1)
    await expect(ask(tooOld)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    await expect(ask(new Date(Number.NaN))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    await expect(ask(since, systemRandom.uuid())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('what is due later is found by one sweep of all processes', async () => {
    const sink = await startWebhookSink()
    const { endpoint } = await hooks.add(sink.url)
    sink.answer = withStatus(500)
    await hooks.act(systemRandom.uuid(), 'ada')
    await hooks.deliver(endpoint.id)
    const sweep = async () =>
      await idem.foundation.webhookEndpoints.wakeDue(
        hooks.call(),
        new Date(hooks.call().now.getTime() - 2_000),
      )
    expect(await sweep()).toEqual([])
    idem.clock.advance(7)
    const found = await atOnce(4, sweep)
    expect(found.flat()).toEqual([endpoint.id])
  })
})
