// `idem webhooks`: endpoints, the log of deliveries, the test bench, and that all of it is for operators alone.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { millisecondsUntil } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { VerifyingReceiver } from '../../support/webhook-receiver.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let worker: Worker
let sink: VerifyingReceiver
let operator: TestMachine
beforeAll(async () => {
  idem = await startTestService({ environment: { IDEM_OPERATORS: 'ada,eve' } })
  worker = await startTestWorker(idem)
  sink = await VerifyingReceiver.start()
  operator = new TestMachine({ url: idem.url, clock: idem.clock })
  const { file } = await operator.keygen('ada.pem')
  await operator.ask(['login', '--handle', 'ada', '--private-key', file])
})
afterAll(async () => {
  await worker.stop()
  await sink.stop()
  await idem.stop()
})
beforeEach(async () => {
  for (const { id } of await listed()) await operator.ask(['webhooks', 'remove', id])
})

interface Listed {
  readonly id: string
  readonly url: string
  readonly description: string | null
}

const listed = async (): Promise<Listed[]> => (await operator.ask(['webhooks', 'list'])).endpoints

const until = (condition: () => Promise<boolean>): Promise<unknown> => millisecondsUntil(30_000, condition)

test('an endpoint is added with its secret, listed without, changed and removed', async () => {
  expect((await operator.run(['webhooks', 'list'])).stdout).toBe('There is no endpoint.\n')
  const added = await operator.ask([
    ...['webhooks', 'add', `${sink.url}/app`, '--description', 'app'],
    ...['--events', 'account.merged, account.unmerged'],
  ])
  expect(added).toMatchObject({
    secret: expect.stringMatching(/^whsec_/),
    endpoint: { description: 'app', publicKeys: [expect.stringMatching(/^whpk_[\w+/]{43}=$/)] },
  })
  const { stdout } = await operator.run(['webhooks', 'list', '--json'])
  expect(stdout).not.toContain(added.secret)
  const table = (await operator.run(['webhooks', 'list'])).stdout
  expect(table).toMatch(
    /^ID +STATE +EVENTS +URL\n\S+ +on +account\.merged,account\.unmerged +http:\S+ +app\n$/,
  )
  const change = ['webhooks', 'change', 'app', '--address', `${sink.url}/other`, '--events', '', '--off']
  expect(await operator.ask(change)).toMatchObject({
    endpoint: {
      url: `${sink.url}/other`,
      eventTypes: null,
      disabledAt: expect.any(String),
      description: 'app',
    },
  })
  expect((await operator.run(['webhooks', 'list'])).stdout).toMatch(/off since .+ all /)
  const on = await operator.ask(['webhooks', 'change', `${sink.url}/other`, '--on', '--description', ''])
  expect(on.endpoint).toMatchObject({ disabledAt: null, description: null })
  expect(await operator.ask(['webhooks', 'remove', added.endpoint.id])).toMatchObject({
    removed: { id: added.endpoint.id },
  })
  expect(await listed()).toEqual([])
})

test('a rotation shows the new secret, and both keys are listed for a day', async () => {
  const { secret, endpoint } = await operator.ask(['webhooks', 'add', sink.url, '--description', 'app'])
  const rotated = await operator.ask(['webhooks', 'rotate', 'app'])
  expect(rotated.secret).not.toBe(secret)
  expect(rotated.endpoint.publicKeys).toHaveLength(2)
  expect(rotated.endpoint.publicKeys[1]).toBe(endpoint.publicKeys[0])
})

test.each([
  [['webhooks', 'remove', 'nobody'], 'NOT_FOUND', 1],
  [['webhooks', 'rotate', randomUUID()], 'NOT_FOUND', 1],
  [['webhooks', 'redeliver', randomUUID()], 'NOT_FOUND', 1],
  [['webhooks', 'redeliver'], 'USAGE', 2],
  [['webhooks', 'redeliver', randomUUID(), '--failed', 'app'], 'USAGE', 2],
  [['webhooks', 'redeliver', '--failed', 'app', '--since', 'yesterday'], 'USAGE', 2],
  [['webhooks', 'log', '--state', 'lost'], 'USAGE', 2],
  [['webhooks', 'log', '--most', '0'], 'USAGE', 2],
  [['webhooks', 'change', 'app'], 'USAGE', 2],
  [['webhooks', 'change', 'app', '--on', '--off'], 'USAGE', 2],
  [['webhooks', 'listen', '--forward-to', 'localhost:3000'], 'USAGE', 2],
  [['webhooks', 'listen', '--port', '70000'], 'USAGE', 2],
  [['webhooks', 'listen', '--deliveries', 'all'], 'USAGE', 2],
  [['webhooks', 'add', 'http://example.org/'], 'BAD_USER_INPUT', 2],
  [['webhooks', 'add', 'https://example.org/', '--events', 'account.sold'], 'BAD_USER_INPUT', 2],
])('idem %j is refused with %s', async (words, code, exitCode) => {
  const run = await operator.run([...words, '--json'])
  expect(run).toMatchObject({ exitCode, stdout: '' })
  expect(errorOf(run)).toMatchObject({ code })
})

test('a name that two endpoints have names neither', async () => {
  for (const path of ['a', 'b'])
    await operator.ask(['webhooks', 'add', `${sink.url}/${path}`, '--description', 'twin'])
  const run = await operator.run(['webhooks', 'remove', 'twin', '--json'])
  expect(errorOf(run)).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('Several') })
  expect(await listed()).toHaveLength(2)
})

test('the bench verifies what happens, passes it on, and takes its endpoint away', async () => {
  const forwarded = `${sink.url}/forwarded`
  const talk = operator.open(['webhooks', 'listen', '--forward-to', forwarded, '--deliveries', '2', '--json'])
  await until(async () => talk.said().includes('listening'))
  const [endpoint] = await listed()
  expect(endpoint).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) })
  const { accessToken } = await new KeyOwner(idem).signIn()
  await new KeyOwner(idem).link(accessToken)
  const { exitCode, stdout } = await talk.finished
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ received: 2, verified: 2, acknowledged: 2 })
  const events = talk
    .said()
    .split('\n')
    .filter((line) => line.includes('"delivery"'))
    .map((line) => JSON.parse(line).delivery)
  expect(events).toMatchObject([
    { verified: ['v1', 'v1a'], status: 204, payload: { type: 'account.provisioned' } },
    { verified: ['v1', 'v1a'], status: 204, payload: { type: 'identity.linked' } },
  ])
  const arrived = sink.arrivals.filter(({ path }) => path === '/forwarded')
  expect(arrived.map(({ headers }) => headers['webhook-id'])).toEqual(events.map(({ eventId }) => eventId))
  expect(await listed()).toEqual([])
})

test('Ctrl-C ends the bench, and its endpoint is gone', async () => {
  const talk = operator.open(['webhooks', 'listen'])
  await until(async () => talk.said().includes('Listening'))
  expect(await listed()).toHaveLength(1)
  talk.interrupt()
  expect(await talk.finished).toMatchObject({
    exitCode: 0,
    stdout: '0 received, 0 verified, 0 acknowledged.\n',
  })
  expect(await listed()).toEqual([])
})

test('an endpoint that somebody removed meanwhile is none that is left', async () => {
  const talk = operator.open(['webhooks', 'listen'])
  await until(async () => talk.said().includes('Listening'))
  for (const { id } of await listed()) await operator.ask(['webhooks', 'remove', id])
  talk.interrupt()
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
})

test('the bench says so where its endpoint could not be taken away', async () => {
  const eve = new TestMachine({ url: idem.url, clock: idem.clock })
  const { file } = await eve.keygen('eve.pem')
  await eve.ask(['login', '--handle', 'eve', '--private-key', file])
  const talk = eve.open(['webhooks', 'listen', '--json'])
  await until(async () => talk.said().includes('listening'))
  await eve.ask(['logout'])
  talk.interrupt()
  const { exitCode, stderr } = await talk.finished
  expect(exitCode).toBe(1)
  const [endpoint] = await listed()
  expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error).toMatchObject({
    code: 'ENDPOINT_LEFT',
    next: expect.stringContaining(`idem webhooks remove ${endpoint?.id}`),
  })
})

test.each([
  ['webhooks list'],
  ['webhooks log'],
  ['webhooks add https://example.org/'],
  ['webhooks change app --off'],
  ['webhooks rotate app'],
  ['webhooks remove app'],
  ['webhooks redeliver 00000000-0000-7000-8000-000000000000'],
  ['webhooks redeliver --failed app'],
  ['webhooks listen'],
])('idem %s is for operators alone', async (line) => {
  const words = line.split(' ')
  const stranger = new TestMachine({ url: idem.url, clock: idem.clock })
  expect(await stranger.run([...words, '--json'])).toMatchObject({ exitCode: 3, stdout: '' })
  await stranger.ask(['login', '--guest'])
  const run = await stranger.run([...words, '--json'])
  expect(run).toMatchObject({ exitCode: 1, stdout: '' })
  expect(errorOf(run)).toMatchObject({
    code: 'FORBIDDEN',
    next: 'Only operators (IDEM_OPERATORS) may do that.',
  })
})

// The clock is moved from here on, by more than a signature may be old.
test('what needs a recent proof is done after a new one, by the key of the login', async () => {
  for (const words of [
    ['add', sink.url, '--description', 'app'],
    ['change', 'app', '--off'],
    ['rotate', 'app'],
  ]) {
    idem.clock.advance(601)
    const run = await operator.run(['webhooks', ...words])
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('recent proof') })
  }
  idem.clock.advance(601)
  const talk = operator.open(['webhooks', 'listen'])
  await until(async () => talk.said().includes('Listening'))
  idem.clock.advance(601)
  talk.interrupt()
  const { exitCode, stderr } = await talk.finished
  expect(exitCode).toBe(0)
  // Once, for adding its endpoint: removing it needs none.
  expect(stderr.split('recent proof')).toHaveLength(2)
})
