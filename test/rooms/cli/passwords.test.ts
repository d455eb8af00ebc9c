// The password at the terminal: set twice alike, asked for without being shown, and completed by a second factor.

import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dataOf, millisecondsUntil } from '../../support/calls.js'
import { EmailOwner, otherCode } from '../../support/email-owner.js'
import { codeIn } from '../../support/mail-reader.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { type Conversation, errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let machine: TestMachine
let count = 0
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())
beforeEach(() => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
})

const password = 'seven green umbrellas'

const until = (talk: Conversation, words: string | RegExp): Promise<unknown> =>
  millisecondsUntil(20_000, async () => talk.said().search(words) >= 0)

/** Somebody with a key and an address; the next code is that of the second mail. */
const signedIn = async () => {
  count += 1
  const handle = `cli-password-${count}`
  const key = await machine.keygen('ada.pem')
  const { account } = await machine.ask(['login', '--private-key', key.file, '--handle', handle])
  const inbox = async (to: string) => (await unsentInbox(idem)(to)).filter(({ text }) => codeIn(text) !== '')
  const owner = new EmailOwner(idem, inbox, `${handle}@example.org`)
  dataOf(await owner.tryLink(machine.kept.tokens.accessToken))
  return { handle, owner, accountId: account.id as string }
}

const set = async (stdin = `${password}\n`) => await machine.run(['passwords', 'set', '--json'], { stdin })

test('it is typed twice, shown never, and set; this machine becomes a device', async () => {
  const { accountId } = await signedIn()
  const talk = machine.open(['passwords', 'set'])
  await until(talk, 'New password')
  talk.type(password)
  await until(talk, 'The same again')
  talk.type(`${password}!`)
  await until(talk, /not the same[\s\S]*New password/)
  talk.type(password)
  await until(talk, /New password[\s\S]*again:[\s\S]*New password[\s\S]*again:/)
  talk.type(password)
  const { exitCode, stdout, stderr } = await talk.finished
  expect(exitCode).toBe(0)
  expect(stdout).toContain('every sign-in asks for two proofs')
  expect(stdout + stderr).not.toContain('umbrellas')
  const [own] = machine.kept.deviceKeys
  expect(own).toMatchObject({ accountId, privateKey: expect.stringContaining('PRIVATE KEY') })
  expect(statSync(machine.configPath).mode & 0o077).toBe(0)
  const { me } = dataOf(
    await idem.askAs(machine.kept.tokens.accessToken, '{ me { devices { publicKey label } } }'),
  )
  expect(me.devices).toEqual([{ publicKey: own.publicKey, label: 'idem-cli (testbed)' }])
  expect(readFileSync(machine.configPath, 'utf8')).not.toContain('umbrellas')
})

test('a login asks for handle, password and the code of a mail; a wrong password can be typed again', async () => {
  const { handle, owner, accountId } = await signedIn()
  expect(await set()).toMatchObject({ exitCode: 0 })
  await machine.run(['logout'])
  const talk = machine.open(['login', '--password'])
  await until(talk, 'handle or email address')
  talk.type(handle)
  await until(talk, `Password of ${handle}:`)
  talk.type('eight green umbrellas')
  await until(talk, /wrong[\s\S]*Password of/)
  talk.type(password)
  await until(talk, 'Match code')
  talk.type(await owner.code(2))
  const { exitCode, stdout, stderr } = await talk.finished
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`Signed in as ${handle} (account ${accountId})`)
  expect(stdout + stderr).not.toContain('umbrellas')
  expect(machine.kept.login).toEqual({ method: 'password', accountId, login: handle })
  expect((await machine.ask(['whoami'])).session.amr).toEqual(['pwd', 'otp', 'mfa'])
  expect((await machine.run(['status'])).stdout).toContain('a password each time')
})

test('a script pipes password and code in, one a line', async () => {
  const { handle, owner } = await signedIn()
  await set()
  const talk = machine.open(['login', '--password', '--email', `${handle}@example.org`], {
    isTerminal: false,
  })
  talk.type(password)
  talk.type(await owner.code(2))
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
})

test('what the server refuses is said, and takes the device back', async () => {
  await signedIn()
  for (const [bad, code] of [
    ['short', 'BAD_USER_INPUT'],
    ['password123', 'BAD_USER_INPUT'],
  ] as const) {
    const run = await set(`${bad}\n`)
    expect(run.exitCode).toBe(2)
    expect(errorOf(run)).toMatchObject({ code, field: 'newPassword' })
  }
  expect(machine.kept.deviceKeys).toEqual([])
  const { me } = dataOf(await idem.askAs(machine.kept.tokens.accessToken, '{ me { devices { id } } }'))
  expect(me.devices).toEqual([])
})

test('without an address or an app, what to do is said', async () => {
  const { file } = await machine.keygen('bob.pem')
  await machine.ask(['login', '--private-key', file])
  const run = await set()
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({
    code: 'NO_SECOND_FACTOR',
    next: expect.stringContaining('idem totp enrol'),
  })
})

test('an end of the input in place of a password is said, and so is a wrong one', async () => {
  const { handle } = await signedIn()
  await set()
  const ended = await machine.run(['login', '--password', '--handle', handle, '--json'])
  expect(ended.exitCode).toBe(6)
  expect(errorOf(ended)).toMatchObject({ code: 'ANSWER_MISSING' })
  const wrong = await machine.run(['login', '--password', '--handle', handle, '--json'], {
    stdin: 'no umbrellas\n',
  })
  expect(wrong.exitCode).toBe(5)
  expect(errorOf(wrong)).toMatchObject({
    code: 'PROOF_REJECTED',
    next: expect.stringContaining('idem passwords reset'),
  })
})

test('the password is listed without a subject', async () => {
  await signedIn()
  await set()
  expect((await machine.run(['identities'])).stdout).toMatch(/password +- +- /)
})

/** A command of somebody who is signed out, with the new password; the code of the mail follows. */
const reset = async (owner: EmailOwner, mails: number, ...words: string[]) => {
  const talk = machine.open(['passwords', 'reset', '--email', owner.address, '--json', ...words], {
    isTerminal: false,
  })
  if (words.includes('--recovery-code')) talk.type('AAAA-AAAA-AAAA-AAAA')
  talk.type('nine orange umbrellas')
  talk.type(await owner.code(mails))
  const { exitCode, stdout, stderr } = await talk.finished
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { exitCode, document: stdout === '' ? null : JSON.parse(stdout), error: lines.at(-1)?.error }
}

test('a forgotten password is reset by the code of a mail and the signature of this machine, at once', async () => {
  const { handle, owner } = await signedIn()
  await set()
  await machine.run(['logout'])
  const talk = machine.open(['passwords', 'reset', '--email', owner.address.toUpperCase()])
  await until(talk, 'New password')
  talk.type('password')
  await until(talk, 'again:')
  talk.type('password')
  await until(talk, 'Match code')
  const code = await owner.code(2)
  talk.type(otherCode(code))
  // A password that is not good enough costs no code, and is asked for again.
  await until(talk, /guessed first[\s\S]*New password/)
  talk.type('nine orange umbrellas')
  await until(talk, /again:[\s\S]*again:/)
  talk.type('nine orange umbrellas')
  await until(talk, 'tries are left')
  talk.type(code)
  const { exitCode, stdout } = await talk.finished
  expect(exitCode).toBe(0)
  expect(stdout).toContain('every session of the account has ended')
  const login = machine.open(['login', '--password', '--handle', handle], { isTerminal: false })
  login.type('nine orange umbrellas')
  login.type(await owner.code(3))
  expect(await login.finished).toMatchObject({ exitCode: 0 })
})

test('a machine that is no device begins the wait only when told to; it completes or cancels it', async () => {
  const { owner } = await signedIn()
  await set()
  const elsewhere = machine
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
  const refused = await machine.run(['passwords', 'reset', '--email', owner.address, '--json'])
  expect(refused.exitCode).toBe(6)
  expect(errorOf(refused)).toMatchObject({ code: 'KEY_MISSING', next: expect.stringContaining('--wait') })
  const wrong = await reset(owner, 2, '--recovery-code')
  expect(wrong).toMatchObject({ exitCode: 5, error: { message: expect.stringContaining('recovery code') } })
  const begun = await reset(owner, 3, '--wait')
  expect(begun).toMatchObject({ exitCode: 0, document: { reset: { status: 'WAITING' } } })
  const cancelled = await elsewhere.ask(['passwords', 'cancel'])
  expect(cancelled).toEqual({ cancelled: begun.document.reset.id })
  expect(errorOf(await elsewhere.run(['passwords', 'cancel', '--json']))).toMatchObject({ code: 'NOT_FOUND' })
})
