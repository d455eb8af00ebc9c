// Another system follows what becomes of accounts: from `idem webhooks add` to deliveries that it verifies, a failing
// receiver, redelivery, rotation, and the receiver of docs/webhooks.md.

import { spawn } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { TestMachine } from '../rooms/cli/try-cli.js'
import { dataOf, millisecondsUntil, setHandle } from '../support/calls.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { freePort, startTestService, type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'
import { Tables } from '../support/tables.js'
import { type Arrival, VerifyingReceiver } from '../support/webhook-receiver.js'

let idem: TestService
let worker: Worker
let sink: VerifyingReceiver
let operator: TestMachine
let tables: Tables
beforeAll(async () => {
  idem = await startTestService({ environment: { IDEM_OPERATORS: 'ada' } })
  tables = await Tables.open(idem.databaseUrl)
  worker = await startTestWorker(idem)
  sink = await VerifyingReceiver.start()
  operator = new TestMachine({ url: idem.url, clock: idem.clock })
  const { file } = await operator.keygen('ada.pem')
  await operator.ask(['login', '--handle', 'ada', '--private-key', file])
})
afterAll(async () => {
  await worker.stop()
  await sink.stop()
  await tables.close()
  await idem.stop()
})
beforeEach(async () => {
  sink.answer = () => ({ status: 204 })
  for (const { id } of (await operator.ask(['webhooks', 'list'])).endpoints)
    await operator.ask(['webhooks', 'remove', id])
})

const until = (condition: () => Promise<boolean> | boolean): Promise<unknown> =>
  millisecondsUntil(30_000, async () => await condition())

/** An endpoint at the sink, whose deliveries the sink verifies. */
const addEndpoint = async (words: readonly string[] = []) => {
  const added = await operator.ask(['webhooks', 'add', sink.url, ...words])
  sink.know(added.secret)
  return added
}

const typesOf = (arrivals: readonly Arrival[]): string[] => arrivals.map(({ payload }) => payload.type)

/** The keys that are published for an endpoint. */
const publishedKeys = async (endpointId: string): Promise<{ x: string; kid: string }[]> => {
  const response = await fetch(`${idem.url}/.well-known/webhook-keys.json`)
  expect(response.headers.get('cache-control')).toContain('max-age')
  const { keys } = (await response.json()) as { keys: { endpoint: string; x: string; kid: string }[] }
  return keys.filter(({ endpoint }) => endpoint === endpointId)
}

test('what becomes of an account arrives in order, and both signatures hold', async () => {
  const { endpoint } = await addEndpoint()
  const guest = await signInAsGuest(idem)
  dataOf(await new KeyOwner(idem).link(guest.accessToken))
  dataOf(await setHandle(idem, guest.accessToken, 'grace'))
  await until(() => sink.of(guest.accountId).length === 5)
  const arrivals = sink.of(guest.accountId)
  const [first, ...others] = typesOf(arrivals)
  const last = others.pop()
  expect([first, last]).toEqual(['account.provisioned', 'account.updated'])
  // Of one transaction: the guest became a person, with a key instead of what it was known by.
  expect(others.toSorted()).toEqual(['account.updated', 'identity.linked', 'identity.unlinked'])
  expect(arrivals.at(-1)?.payload.data).toMatchObject({ changed: ['handle'], handle: 'grace' })
  expect(new Set(arrivals.map(({ headers }) => headers['webhook-id'])).size).toBe(5)
  const [key] = await publishedKeys(endpoint.id)
  expect(endpoint.publicKeys).toEqual([key?.kid])
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key?.x ?? '' }, format: 'jwk' })
  for (const { headers, body } of arrivals) {
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const [, signature = ''] = /(?:^| )v1a,(\S+)/.exec(headers['webhook-signature'] ?? '') ?? []
    expect(verify(null, Buffer.from(content), publicKey, Buffer.from(signature, 'base64'))).toBe(true)
  }
})

/** The deliveries of an account in the log, oldest first. */
const logOf = async (accountId: string) => {
  const { deliveries } = await operator.ask(['webhooks', 'log'])
  return deliveries.filter((delivery: { accountId: string }) => delivery.accountId === accountId).toReversed()
}

test('a receiver that fails gets the event again, the later ones after it, and others meanwhile', async () => {
  await addEndpoint()
  const [grace, linus] = [await signInAsGuest(idem), await new KeyOwner(idem).signIn()]
  await until(() => sink.of(grace.accountId).length + sink.of(linus.accountId).length === 2)
  sink.answer = ({ payload }) =>
    payload?.data.accountId === grace.accountId ? { status: 500, body: 'not today' } : { status: 204 }
  dataOf(await setHandle(idem, grace.accessToken, 'grace-1'))
  await until(async () => (await logOf(grace.accountId))[1]?.answerStatus === 500)
  dataOf(await setHandle(idem, grace.accessToken, 'grace-2'))
  dataOf(await setHandle(idem, linus.accessToken, 'linus-1'))
  await until(() => sink.of(linus.accountId).length === 2)
  const [, failed, waiting] = await logOf(grace.accountId)
  expect(failed).toMatchObject({ state: 'PENDING', answerStatus: 500, answer: 'not today' })
  expect(JSON.parse(failed.request).data).toMatchObject({ handle: 'grace-1' })
  expect(waiting).toMatchObject({ state: 'PENDING', attempts: 0, attemptedAt: null })
  sink.answer = () => ({ status: 204 })
  idem.clock.advance(10)
  await until(() => sink.of(grace.accountId).length === 4)
  const [, first, again, last] = sink.of(grace.accountId)
  expect(again).toMatchObject({ body: first?.body, headers: { 'webhook-id': first?.headers['webhook-id'] } })
  expect(Number(again?.headers['webhook-timestamp'])).toBeGreaterThan(
    Number(first?.headers['webhook-timestamp']),
  )
  expect(last?.payload.data).toMatchObject({ handle: 'grace-2' })
  await until(async () =>
    (await logOf(grace.accountId)).every(({ state }: { state: string }) => state === 'DELIVERED'),
  )
})

test('a merge arrives with the map of ids, and its owner sees who has acknowledged it', async () => {
  const { endpoint } = await addEndpoint(['--events', 'account.merged'])
  const owner = new KeyOwner(idem)
  const person = await owner.signIn()
  const guest = await signInAsGuest(idem)
  dataOf(await owner.link(guest.accessToken))
  await until(() => sink.of(person.accountId).length === 1)
  const [arrival] = sink.of(person.accountId)
  expect(arrival?.payload).toMatchObject({
    type: 'account.merged',
    data: {
      ...{ mergeId: expect.any(String), survivorId: person.accountId, absorbedId: guest.accountId },
      ids: [{ from: guest.accountId, to: person.accountId }],
    },
  })
  const seen = async () =>
    dataOf(
      await idem.askAs(
        person.accessToken,
        `{ merges { id survivorId absorbedId rule why mergedAt undoableUntil undoneAt proofs { amr at }
          acknowledgements { endpointId description type acknowledgedAt } } }`,
      ),
    ).merges
  await until(async () => (await seen())[0]?.acknowledgements[0]?.acknowledgedAt != null)
  expect(await seen()).toMatchObject([
    { id: arrival?.payload.data.mergeId, acknowledgements: [{ endpointId: endpoint.id }] },
  ])
})

test('one delivery is made again, with its id', async () => {
  await addEndpoint()
  const { accountId } = await signInAsGuest(idem)
  await until(async () => (await logOf(accountId))[0]?.state === 'DELIVERED')
  const [delivery] = await logOf(accountId)
  expect((await operator.run(['webhooks', 'redeliver', delivery.id])).stdout).toBe(
    'One event is delivered again.\n',
  )
  await until(() => sink.of(accountId).length === 2)
  const [first, again] = sink.of(accountId)
  expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(again?.body).toBe(first?.body)
})

test('all that a receiver did not take is delivered again at once, what was given up too', async () => {
  const { endpoint } = await addEndpoint(['--description', 'app'])
  sink.answer = () => ({ status: 503 })
  const guests = [await signInAsGuest(idem), await signInAsGuest(idem)]
  const isTried = async (): Promise<boolean> =>
    (await Promise.all(guests.map(({ accountId }) => logOf(accountId)))).every(
      ([entry]) => entry?.answerStatus === 503,
    )
  await until(isTried)
  // The eight tries between the first and the last take three days.
  await tables.query('update webhook_delivery set attempts = 9 where account_id = $1', [guests[0]?.accountId])
  idem.clock.advance(10)
  await until(async () => {
    const [[given] = [], [waiting] = []] = await Promise.all(guests.map(({ accountId }) => logOf(accountId)))
    return given?.state === 'FAILED' && Date.parse(waiting?.nextAttemptAt) > idem.clock.now().getTime()
  })
  expect((await operator.run(['webhooks', 'log', '--state', 'failed'])).stdout).toMatch(
    /^EVENT AT .*\n\S+ +failed +10 +account\.provisioned +\S+ +503\n$/,
  )
  const before = guests.map(({ accountId }) => sink.of(accountId).length)
  sink.answer = () => ({ status: 204 })
  expect(await operator.ask(['webhooks', 'redeliver', '--failed', endpoint.id])).toEqual({ redelivered: 2 })
  await until(async () =>
    (await Promise.all(guests.map(({ accountId }) => logOf(accountId)))).every(
      ([entry]) => entry?.state === 'DELIVERED',
    ),
  )
  expect(guests.map(({ accountId }) => sink.of(accountId).length)).toEqual(before.map((count) => count + 1))
  const { stdout } = await operator.run(['webhooks', 'redeliver', '--failed', 'app'])
  expect(stdout).toBe('0 events are delivered again.\n')
})

test('after a rotation both secrets verify for a day, and then the new one alone', async () => {
  const { endpoint, secret } = await addEndpoint(['--description', 'app'])
  const rotated = await operator.ask(['webhooks', 'rotate', 'app'])
  expect((await publishedKeys(endpoint.id)).map(({ kid }) => kid)).toEqual(rotated.endpoint.publicKeys)
  const one = await signInAsGuest(idem)
  await until(() => sink.of(one.accountId).length === 1)
  const [arrival] = sink.of(one.accountId)
  for (const known of [secret, rotated.secret])
    expect(() => new Webhook(known).verify(arrival?.body ?? '', arrival?.headers ?? {})).not.toThrow()
})

/** The receiver in TypeScript of docs/webhooks.md, saved and started as it says. */
const startDocumentedReceiver = async (secret: string, port: number) => {
  const [, source = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync('docs/webhooks.md', 'utf8')) ?? []
  const folder = mkdtempSync(path.join(tmpdir(), 'idem-receiver-'))
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'))
  writeFileSync(path.join(folder, 'receiver.ts'), source)
  const environment = { PATH: process.env['PATH'], WEBHOOK_SECRET: secret, PORT: String(port) }
  const child = spawn(process.execPath, ['receiver.ts'], { cwd: folder, env: environment })
  const lines = { text: '' }
  child.stdout.on('data', (chunk) => (lines.text += chunk))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const isUp = async (): Promise<boolean> =>
    await fetch(`http://127.0.0.1:${port}`, { method: 'POST' }).then(
      ({ status }) => status === 400,
      () => false,
    )
  await until(isUp)
  return {
    said: () => lines.text,
    stop: async () => {
      child.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

test('the receiver of docs/webhooks.md verifies what arrives, and takes a repetition once', async () => {
  const port = await freePort()
  const { secret } = await operator.ask(['webhooks', 'add', `http://127.0.0.1:${port}/`])
  const receiver = await startDocumentedReceiver(secret, port)
  try {
    const { accountId } = await signInAsGuest(idem)
    await until(async () => (await logOf(accountId))[0]?.state === 'DELIVERED')
    const [delivery] = await logOf(accountId)
    idem.clock.advance(1)
    await operator.ask(['webhooks', 'redeliver', delivery.id])
    await until(async () => {
      const [again] = await logOf(accountId)
      return again?.state === 'DELIVERED' && again.attemptedAt !== delivery.attemptedAt
    })
    expect(receiver.said().trim().split('\n')).toEqual([delivery.request])
  } finally {
    await receiver.stop()
  }
})
