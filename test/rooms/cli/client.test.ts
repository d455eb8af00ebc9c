// `idem client`: one command for the whole story, and a server that believes everybody.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { millisecondsUntil } from '../../support/calls.js'
import { codeIn, mailboxInbox, mailsTo } from '../../support/mail-reader.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { type Conversation, errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let trusting: TestService
let worker: Worker
let wire: Wiretap
let machine: TestMachine
let address: string
let count = 0
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  worker = await startTestWorker(idem)
  trusting = await startTestService({ environment: { IDEM_AUTHENTICATION: 'off' } })
})
afterAll(async () => {
  await trusting.stop()
  await wire.stop()
  await worker.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  machine = new TestMachine({ url: wire.url, clock: idem.clock })
  address = `bea${++count}@example.org`
})

const until = (talk: Conversation, words: string): Promise<unknown> =>
  millisecondsUntil(20_000, async () => talk.said().includes(words))

const codeOfMail = async (): Promise<string> =>
  codeIn((await mailsTo(mailboxInbox(idem), address))[0]?.text ?? '')

test('the first run asks for address and code, every later one is silent', async () => {
  const talk = machine.open(['client'])
  await until(talk, 'Your email address:')
  talk.type(`  ${address}`)
  await until(talk, 'Match code')
  talk.type(await codeOfMail())
  const first = await talk.finished
  expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Registered and signed in as') })
  expect(first.stderr).toContain('Later runs of `idem client` need nothing from you.')
  wire.forget()
  const line = expect.stringMatching(
    new RegExp(`^Signed in as ${address} \\(account \\S+\\) at ${wire.url}\\.\n$`),
  )
  expect(await machine.run(['client'])).toEqual({ exitCode: 0, stdout: line, stderr: '' })
  expect(wire.operations).toEqual(['WhoAmI'])
  idem.clock.advance(25 * 3600)
  expect(await machine.run(['client'])).toMatchObject({ exitCode: 0, stdout: line })
  expect(wire.operations).not.toContain('RequestMail')
  expect(await machine.ask(['client', '--email', address.toUpperCase()])).toMatchObject({ url: wire.url })
})

test('a config that was logged out is silent again; another address asks for a mail', async () => {
  const talk = machine.open(['client', '--email', address, '--server', wire.url])
  talk.type(await codeOfMail())
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
  await machine.ask(['logout'])
  expect(await machine.run(['client', '--email', address])).toMatchObject({ exitCode: 0 })
  const other = machine.open(['client', '--email', `not-${address}`])
  await until(other, `A mail is on its way to not-${address}`)
  address = `not-${address}`
  other.type(await codeOfMail())
  expect(await other.finished).toMatchObject({ exitCode: 0 })
})

test('without an address and without an answer it says what to give', async () => {
  const run = await machine.run(['client', '--json'])
  expect(run).toMatchObject({ exitCode: 2, stdout: '' })
  expect(errorOf(run)).toMatchObject({ code: 'USAGE', next: expect.stringContaining('--email') })
})

test('a server in development is believed to believe: no mail, and the bearer says who one is', async () => {
  const there = new TestMachine({ url: trusting.url })
  const first = await there.run(['client', '--email', address])
  expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('believes everybody') })
  expect(there.kept).toMatchObject({ login: { method: 'development', address }, tokens: null, emailKeys: [] })
  const { stdout: bearer } = await there.run(['token'])
  expect(JSON.parse(Buffer.from(bearer, 'base64').toString())).toEqual({ email: address })
  const { account } = await there.ask(['whoami'])
  expect(account).toMatchObject({ kind: 'PERSON', identities: [{ method: 'email', subject: address }] })
  expect(await there.ask(['client'])).toMatchObject({ account: { id: account.id } })
  expect(await there.ask(['login'])).toMatchObject({
    account: { id: account.id },
    authenticationDisabled: true,
  })
  expect((await there.run(['status'])).stdout).toContain('development')
  expect(await there.ask(['logout'])).toMatchObject({ wasSignedIn: true, endedAtServer: false })
  expect(await there.run(['token'])).toMatchObject({ exitCode: 3 })
})

test('once such a server asks for proofs, its bearer is over, and a mail is asked for', async () => {
  const there = new TestMachine({ url: wire.url, clock: idem.clock })
  wire.onNext('RequestMail', (_call, response) =>
    response.end(JSON.stringify({ data: { issueChallenge: { id: 'x', authenticationDisabled: true } } })),
  )
  wire.onNext('WhoAmI', (_call, response) =>
    response.end(JSON.stringify({ data: { me: { id: 'somebody', identities: [] }, session: null } })),
  )
  expect(await there.run(['client', '--email', address])).toMatchObject({ exitCode: 0 })
  const over = await there.run(['whoami', '--json'])
  expect(over.exitCode).toBe(3)
  expect(errorOf(over)).toMatchObject({ next: `Sign in: idem login --email ${address}` })
  const talk = there.open(['client'])
  talk.type(await codeOfMail())
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
  expect(there.kept.login).toMatchObject({ method: 'email' })
})
