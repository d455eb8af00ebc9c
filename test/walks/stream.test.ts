// A challenge watched over server-sent events: the device that asked hears at once what happens elsewhere.
import { createClient } from 'graphql-sse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { atOnce, codeOf, dataOf, millisecondsUntil } from '../support/calls.js'
import { EmailOwner, otherCode, pressButton } from '../support/email-owner.js'
import { type ChallengeEvent, EventStream } from '../support/event-stream.js'
import { expectSignedIn, KeyOwner } from '../support/key-owner.js'
import { smtpInbox } from '../support/mail-reader.js'
import { SmtpServer } from '../support/smtp-server.js'
import {
  createDatabase,
  freePort,
  MovableClock,
  startTestService,
  type TestService,
} from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const publicUrl = 'http://idem.test:4000'

let server: SmtpServer
let proxy: TcpProxy
/** Where the device asks and the mail is sent. */
let here: TestService
/** Where the device watches: it hears of everything through the database alone. */
let there: TestService
let worker: Worker
beforeAll(async () => {
  server = await SmtpServer.start()
  const clock = new MovableClock()
  const environment = {
    SMTP_URL: server.url,
    IDEM_PUBLIC_URL: publicUrl,
    IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
    IDEM_THROTTLE_MAILS_PER_SUBJECT: '100000',
  }
  const databaseUrl = await createDatabase()
  proxy = await TcpProxy.start(databaseUrl, await freePort())
  here = await startTestService({ clock, environment, databaseUrl })
  there = await startTestService({ clock, environment, databaseUrl: proxy.url })
  worker = await startTestWorker(here)
})
afterAll(async () => {
  await worker.stop()
  await there.stop()
  await here.stop()
  await proxy.cut()
  await server.stop()
})

let count = 0
const somebody = (): EmailOwner => new EmailOwner(here, smtpInbox(server), `watcher-${++count}@example.org`)

/** The link of the mail, at the process that the test wants to open it at. */
const linkAt = async (idem: TestService, owner: EmailOwner): Promise<string> =>
  (await owner.link()).replace(publicUrl, idem.url)

test('a device hears on one process that its mail was sent and its link confirmed on another, then signs in', async () => {
  const ada = somebody()
  const { id, matchCode } = await ada.challenge()
  const stream = await EventStream.watch(there, id)
  await stream.until('PENDING SENT')
  const link = await linkAt(here, ada)

  await pressButton(link, matchCode)
  await stream.until('CONFIRMED SENT')
  expect(stream.end).toBeNull()
  expectSignedIn(await ada.trySignIn(id))
  expect(await stream.ended()).toBe('complete')
  expect(stream.states.at(-1)).toBe('SPENT SENT')
  expect(new Set(stream.states).size).toBe(stream.states.length)
  expect(stream.events[0]?.data?.challengeUpdated).toMatchObject({
    id,
    matchCode,
    authenticationDisabled: false,
  })
})

test('a confirmed link is heard of within a second', async () => {
  const bea = somebody()
  const { id, matchCode } = await bea.challenge()
  const stream = await EventStream.watch(there, id)
  await stream.until('PENDING SENT')
  const link = await linkAt(here, bea)
  await pressButton(link, matchCode)
  await millisecondsUntil(1_000, async () => stream.states.at(-1) === 'CONFIRMED SENT')
  stream.leave()
})

test("graphql-sse's own client gets each state once, and the end", async () => {
  const cid = somebody()
  const { id } = await cid.challenge()
  const client = createClient({ url: `${there.url}/graphql/stream`, retryAttempts: 0 })
  const results = client.iterate<ChallengeEvent['data']>({
    query: 'subscription ($id: ID!) { challengeUpdated(id: $id) { status delivery } }',
    variables: { id },
  })
  const states: string[] = []
  for await (const { data, errors } of results) {
    expect(errors).toBeUndefined()
    const { status, delivery } = data?.challengeUpdated ?? {}
    states.push(`${status} ${delivery}`)
    if (states.at(-1) === 'PENDING SENT') expectSignedIn(await cid.trySignIn(id, await cid.code()))
  }
  expect(states.slice(-2)).toEqual(['PENDING SENT', 'SPENT SENT'])
  expect(new Set(states).size).toBe(states.length)
})

test('twenty who watch one challenge all hear of the same, and five wrong codes end it for all', async () => {
  const dan = somebody()
  const { id } = await dan.challenge()
  const code = await dan.code()
  const streams = await atOnce(
    20,
    async (index) => await EventStream.watch(index % 2 === 0 ? here : there, id),
  )
  for (const stream of streams) await stream.until('PENDING SENT')
  await atOnce(5, async () => expect(codeOf(await dan.trySignIn(id, otherCode(code)))).toBe('PROOF_REJECTED'))
  for (const stream of streams) {
    expect(await stream.ended()).toBe('complete')
    expect(stream.states.slice(-2)).toEqual(['PENDING SENT', 'SPENT SENT'])
  }
})

test('what happens while the database is away is heard of when it is back', async () => {
  const eva = somebody()
  const { id, matchCode } = await eva.challenge()
  const stream = await EventStream.watch(there, id)
  await stream.until('PENDING SENT')
  const link = await linkAt(here, eva)
  await proxy.cut()
  await pressButton(link, matchCode)
  // Two beats pass: a beat without a database must not end the stream.
  await new Promise((resolve) => setTimeout(resolve, 2_200))
  expect(stream.states.at(-1)).toBe('PENDING SENT')
  expect(stream.end).toBeNull()
  await proxy.mend()
  await stream.until('CONFIRMED SENT')
  stream.leave()
})

test('a challenge that nobody answers expires for its watchers, though nothing is notified', async () => {
  const [fay, key] = [somebody(), new KeyOwner(here)]
  const mailed = await fay.challenge()
  const sealed = await key.challenge()
  const streams = [await EventStream.watch(here, mailed.id), await EventStream.watch(there, sealed.id)]
  await streams[0]?.until('PENDING SENT')
  await streams[1]?.until('PENDING null')
  here.clock.advance(15 * 60)
  for (const stream of streams) {
    expect(await stream.ended()).toBe('complete')
    expect(stream.states.at(-1)).toMatch(/^EXPIRED /)
  }
})

test('an answered key challenge is over for its watcher within seconds', async () => {
  const key = new KeyOwner(here)
  const challenge = await key.challenge()
  const stream = await EventStream.watch(there, challenge.id)
  await stream.until('PENDING null')
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  dataOf(await here.ask(signIn, { input: key.answer(challenge) }))
  expect(await stream.ended()).toBe('complete')
  expect(stream.states).toEqual(['PENDING null', 'SPENT null'])
})

test('a challenge that is over already is told once', async () => {
  const gil = somebody()
  const { id } = await gil.challenge()
  expectSignedIn(await gil.trySignIn(id, await gil.code()))
  const stream = await EventStream.watch(there, id)
  expect(await stream.ended()).toBe('complete')
  expect(stream.states).toEqual(['SPENT SENT'])
})
