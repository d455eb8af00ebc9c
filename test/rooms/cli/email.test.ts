// Login by email: the code, the link, the key that makes later logins silent, and what goes wrong on the way.

import { readFileSync, statSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { dataOf, millisecondsUntil, unlink } from '../../support/calls.js'
import { otherCode, pressButton } from '../../support/email-owner.js'
import { codeIn, type Inbox, linkIn, mailboxInbox, mailsTo } from '../../support/mail-reader.js'
import { type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { type Conversation, errorOf, type Run, TestMachine } from './try-cli.js'

let idem: TestService
let worker: Worker
let wire: Wiretap
let machine: TestMachine
let address: string
let count = 0
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  worker = await startTestWorker(idem)
})
afterAll(async () => {
  await wire.stop()
  await worker.stop()
  await idem.stop()
})
/** Every output of a test, in which no secret may stand. */
let runs: Run[]
beforeEach(() => {
  wire.forget()
  runs = []
  machine = newMachine()
  address = `ada${++count}@example.org`
})
afterEach(() => {
  const written = runs.map(({ stdout, stderr }) => stdout + stderr).join('')
  expect(written).not.toMatch(/idr_[\w-]{20}|eyJ[\w-]+\.[\w-]+\.|PRIVATE KEY|token=/)
})

const newMachine = () => new TestMachine({ url: wire.url, clock: idem.clock })

/** The newest of so many mails to the address that ask for an answer; notices of new keys come in between. */
const mailToAnswer = async (mails: number): Promise<string> => {
  const inbox: Inbox = async (to) => (await mailboxInbox(idem)(to)).filter(({ text }) => codeIn(text) !== '')
  return (await mailsTo(inbox, address, mails))[0]?.text ?? ''
}
const codeOfMail = async (mails = 1): Promise<string> => codeIn(await mailToAnswer(mails))
const linkOfMail = async (mails = 1): Promise<string> => linkIn(await mailToAnswer(mails))

const until = (talk: Conversation, words: string | RegExp): Promise<unknown> =>
  millisecondsUntil(20_000, async () => talk.said().search(words) >= 0)

const finish = async (talk: Conversation): Promise<Run> => {
  const run = await talk.finished
  runs.push(run)
  return run
}

const run = async (...[words, circumstances]: Parameters<TestMachine['run']>): Promise<Run> => {
  const ended = await machine.run(words, circumstances)
  runs.push(ended)
  return ended
}

/** The whole login of a machine, by the code. */
const logIn = async (who: TestMachine = machine, mails = 1): Promise<string> => {
  const talk = who.open(['login', '--email', address])
  await until(talk, 'Match code')
  talk.type(await codeOfMail(mails))
  const ended = await finish(talk)
  expect(ended).toMatchObject({ exitCode: 0 })
  return who.kept.login.accountId
}

const matchCodeIn = (text: string): string => /Match code: (\d{4})/.exec(text)?.[1] ?? ''

test('the first login: a mail, its code at the prompt, a key; the second one: silence', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Delivery: the mail was sent')
  expect(talk.said()).toContain(`A mail is on its way to ${address}. It holds until`)
  expect(talk.said()).toContain('If none has come in 60 s, run the command again for another one.')
  expect(talk.said()).toContain('(in 15 min)')
  talk.type(` ${(await codeOfMail()).toLowerCase().replace(/^(.{4})/, '$1-')} `)
  const first = await finish(talk)
  expect(first).toMatchObject({ exitCode: 0 })
  expect(first.stdout).toContain(`Registered and signed in as ${address} (account `)
  expect(first.stderr).toContain('from now on no mail is needed here')
  const { login, emailKeys } = machine.kept
  expect(login).toMatchObject({ method: 'email', address, publicKey: emailKeys[0].publicKey })
  expect(emailKeys).toMatchObject([{ address, accountId: login.accountId, handle: null }])
  expect(statSync(machine.configPath).mode & 0o777).toBe(0o600)
  const { account } = await machine.ask(['whoami'])
  expect(account.identities).toMatchObject([
    { method: 'email' },
    { method: 'key', label: 'idem-cli (testbed)' },
  ])

  wire.forget()
  const second = await run(['login', '--email', address.toUpperCase()])
  expect(second).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringContaining('Signed in as ADA'),
  })
  expect(wire.operations).toEqual(['IssueChallenge', 'SignIn', 'WhoAmI'])
  expect((await machine.ask(['whoami'])).account.id).toBe(account.id)
})

test('an address that left the account is mailed again: the kept key opens the account that it has left', async () => {
  const accountId = await logIn()
  const { account } = await machine.ask(['whoami'])
  const { id } = account.identities.find(({ method }: { method: string }) => method === 'email')
  const token = (await machine.run(['token'])).stdout.trim()
  dataOf(await unlink(idem, token, id))
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Match code')
  talk.type(await codeOfMail(2))
  expect(await finish(talk)).toMatchObject({ exitCode: 0 })
  expect(machine.kept.login.accountId).not.toBe(accountId)
})

test('the link, confirmed elsewhere with the match code, is noticed by itself', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Match code')
  const link = await linkOfMail()
  await pressButton(link, '0000' === matchCodeIn(talk.said()) ? '1111' : '0000')
  expect((await pressButton(link, matchCodeIn(talk.said()))).status).toBe(200)
  const ended = await finish(talk)
  expect(ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('The link was confirmed.') })
  expect(machine.kept.emailKeys).toHaveLength(1)
})

test('wrong codes: what is left is said, what is no code costs nothing, five burn the mail', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Match code')
  const code = await codeOfMail()
  const wrong = otherCode(code)
  talk.type('hello')
  talk.type('')
  await until(talk, 'That is no code')
  talk.type(wrong)
  await until(talk, '4 tries are left')
  for (let tries = 0; tries < 3; tries += 1) talk.type(wrong)
  await until(talk, 'One try is left')
  talk.type(wrong)
  await until(talk, 'Send a new mail')
  talk.type('')
  await until(talk, /Match code[\s\S]*Match code/)
  talk.type(await codeOfMail(2))
  expect(await finish(talk)).toMatchObject({ exitCode: 0 })
  expect(wire.operations.filter((name) => name === 'SignIn')).toHaveLength(6)
})

test('an expired mail: a new one is offered, and may be declined', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Match code')
  idem.clock.advance(15 * 60)
  await until(talk, 'Send a new mail')
  expect(talk.said()).toContain('its time has run out')
  talk.type('n')
  expect(await finish(talk)).toMatchObject({ exitCode: 5 })
  expect(() => machine.config).toThrow() // nothing was kept
})

test('without a terminal: codes are piped in, a wrong one ends with 5, none waits for the link', async () => {
  const wrong = machine.open(['login', '--email', address, '--json'], { isTerminal: false })
  const code = await codeOfMail()
  wrong.type(otherCode(code))
  wrong.leave()
  const refused = await finish(wrong)
  expect(refused).toMatchObject({ exitCode: 5, stdout: '' })
  const lines = refused.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines[0]).toMatchObject({
    challenge: {
      status: 'PENDING',
      delivery: 'QUEUED',
      matchCode: expect.stringMatching(/^\d{4}$/),
      retryAfterSeconds: 60,
    },
  })
  expect(lines.at(-1).error).toMatchObject({ code: 'PROOF_REJECTED', requestId: expect.any(String) })
  const garbage = await run(['login', '--email', address, '--json'], { stdin: 'your code: 1\n' })
  expect(garbage).toMatchObject({ exitCode: 2 })

  const silent = machine.open(['login', '--email', address], { isTerminal: false })
  silent.leave()
  await until(silent, 'Match code')
  await pressButton(await linkOfMail(3), matchCodeIn(silent.said()))
  expect(await finish(silent)).toMatchObject({ exitCode: 0 })
})

test('--no-wait prints the challenge, and another command goes on with it', async () => {
  const asked = await run(['login', '--email', address, '--no-wait'])
  expect(asked.exitCode).toBe(0)
  const { challenge } = JSON.parse(asked.stdout)
  expect(challenge).toMatchObject({ status: 'PENDING', matchCode: expect.stringMatching(/^\d{4}$/) })
  const code = await codeOfMail()
  const finishing = ['login', '--challenge', challenge.id, '--json', '--code']
  const wrong = await run([...finishing, otherCode(code)])
  expect(wrong.exitCode).toBe(5)
  expect(errorOf(wrong)).toMatchObject({
    code: 'PROOF_REJECTED',
    message: 'That is not the code of this mail.',
  })
  const done = await run([...finishing, code])
  expect(JSON.parse(done.stdout)).toMatchObject({ provisioned: true, account: { kind: 'PERSON' } })
  expect(machine.kept.login).toMatchObject({ method: 'email', address })
  const again = await run([...finishing, code])
  expect(again.exitCode).toBe(5)
  expect(errorOf(again)).toMatchObject({ code: 'CHALLENGE_SPENT' })
  expect(await run(['login', '--email', address])).toMatchObject({ exitCode: 0, stderr: '' })
})

test('a challenge goes on by its link or by a code on standard input; a stranger’s id leads nowhere', async () => {
  const { challenge } = await machine.ask(['login', '--email', address, '--no-wait'])
  const resumed = await run(['login', '--challenge', challenge.id], { stdin: `${await codeOfMail()}\n` })
  expect(resumed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(address) })
  const unknown = await run(['login', '--challenge', 'A'.repeat(43), '--json'])
  expect(unknown.exitCode).toBe(1)
  expect(errorOf(unknown)).toMatchObject({ code: 'NOT_FOUND' })
  const guessed = await run(['login', '--challenge', 'A'.repeat(43), '--code', 'AAAAAAAA', '--json'])
  expect(guessed.exitCode).toBe(5)
})

test('later commands go on by themselves when the session is over', async () => {
  const id = await logIn()
  idem.clock.advance(31 * 60)
  wire.forget()
  expect(await machine.run(['token'])).toMatchObject({
    exitCode: 0,
    stderr: 'The session was over: signed in again.\n',
  })
  expect((await machine.ask(['whoami'])).account.id).toBe(id)
  idem.clock.advance(11 * 60)
  const { file } = await machine.keygen('second.pem')
  expect(await run(['keys', 'add', '--private-key', file])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('recent proof'),
  })
})

test('another address needs a mail of its own; the first one stays silent', async () => {
  const first = await logIn()
  const before = address
  address = `other${count}@example.org`
  expect(await logIn()).not.toBe(first)
  wire.forget()
  expect(await run(['login', '--email', before])).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await machine.ask(['whoami'])).account.id).toBe(first)
  expect(machine.kept.emailKeys).toHaveLength(2)
})

test('who loses the config does it again: the same account, one key more', async () => {
  const id = await logIn()
  const elsewhere = newMachine()
  expect(await logIn(elsewhere, 2)).toBe(id)
  const { keys } = await elsewhere.ask(['keys', 'list'])
  expect(keys).toMatchObject([{ isOwn: false }, { isOwn: true }])
  await machine.ask(['logout'])
  expect(await machine.run(['token'])).toMatchObject({ exitCode: 3 })
  expect(await run(['login', '--email', address])).toMatchObject({ exitCode: 0, stderr: '' })
})

test.each([null, 'handle'])(
  'a key that was removed elsewhere (%s) is noticed, and a mail asked for',
  async (named) => {
    const id = await logIn()
    if (named !== null) {
      const { accessToken } = machine.kept.tokens
      await idem.askAs(accessToken, `mutation { setHandle(handle: "ada-${count}") { id } }`)
      await machine.ask(['login', '--email', address])
    }
    const { publicKey } = machine.kept.login
    const elsewhere = newMachine()
    await logIn(elsewhere, 2)
    await elsewhere.ask(['keys', 'remove', publicKey])
    idem.clock.advance(31 * 60) // the session was opened by the mail, and outlives the key
    const whoami = await run(['whoami', '--json'])
    expect(whoami.exitCode).toBe(3)
    expect(errorOf(whoami)).toMatchObject({ next: expect.stringContaining(`idem login --email ${address}`) })
    const talk = machine.open(['login', '--email', address])
    await until(talk, 'Match code')
    expect(talk.said()).toContain(`no longer opens account ${id}: a mail is needed`)
    talk.type(await codeOfMail(3))
    expect(await finish(talk)).toMatchObject({ exitCode: 0 })
    expect(machine.kept.login).toMatchObject({
      accountId: id,
      publicKey: expect.not.stringContaining(publicKey),
    })
    expect(machine.kept.emailKeys).toHaveLength(1)
    expect((await elsewhere.ask(['keys', 'list'])).keys).toHaveLength(2)
  },
)

test('one’s own key is removed from the server and from here', async () => {
  await logIn()
  const { publicKey } = machine.kept.login
  expect(await machine.ask(['keys', 'remove', publicKey])).toMatchObject({ signedOut: true })
  expect(machine.kept).toMatchObject({ login: null, tokens: null, emailKeys: [] })
  await logIn(machine, 2)
})

test('when no key can be linked the session is kept all the same', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Match code')
  wire.onNext('LinkIdentity', (_call, response) => response.destroy())
  talk.type(await codeOfMail())
  const ended = await finish(talk)
  expect(ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('no key could be made') })
  expect(machine.kept).toMatchObject({ login: { address, publicKey: null }, emailKeys: [] })
  expect((await machine.ask(['whoami'])).account.kind).toBe('PERSON')
  idem.clock.advance(31 * 60)
  const over = await run(['whoami', '--json'])
  expect(over.exitCode).toBe(3)
  expect(errorOf(over)).toMatchObject({ next: `Sign in: idem login --email ${address}` })
})

test('a server that goes away for a moment does not end the wait', async () => {
  const talk = machine.open(['login', '--email', address])
  await until(talk, 'Delivery: the mail was sent')
  wire.onNext('Challenge', (_call, response) => response.destroy())
  await pressButton(await linkOfMail(), matchCodeIn(talk.said()))
  expect(await finish(talk)).toMatchObject({ exitCode: 0 })
})

test('an address that the service does not take is a usage error that names the field', async () => {
  const refused = await run(['login', '--email', 'ada@@example.org', '--json'])
  expect(refused.exitCode).toBe(2)
  expect(errorOf(refused)).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: expect.stringContaining('address'),
  })
})

test('too many mails to an address are refused, and it is said how long to wait', async () => {
  for (let mails = 0; mails < 4; mails += 1) await machine.ask(['login', '--email', address, '--no-wait'])
  const refused = await run(['login', '--email', address, '--json'])
  expect(refused.exitCode).toBe(7)
  expect(errorOf(refused)).toMatchObject({ code: 'RATE_LIMITED' })
})

test.each([
  [['--guest', '--email', 'ada@example.org']],
  [['--private-key', 'ada.pem', '--email', 'ada@example.org']],
  [['--code', 'AAAAAAAA']],
  [['--email', 'ada@example.org', '--code', 'AAAAAAAA']],
  [['--no-wait']],
  [['--email', 'ada@example.org', '--challenge', 'A']],
  [['--challenge', 'A', '--no-wait']],
])('idem login %j is a usage error', async (words) => {
  expect(await run(['login', ...words])).toMatchObject({ exitCode: 2, stdout: '' })
  expect(wire.operations).toEqual([])
})

test('the private key of the config leaves it nowhere', async () => {
  await logIn()
  await run(['status', '--json'])
  await run(['status'])
  await run(['login', '--email', address, '--json'])
  const seed = machine.kept.emailKeys[0].privateKey.split('\n')[1]
  expect(readFileSync(machine.configPath, 'utf8')).toContain(seed)
  const out = runs.map(({ stdout, stderr }) => stdout + stderr).join('') + JSON.stringify(wire.calls)
  expect(out).not.toContain(seed)
})
