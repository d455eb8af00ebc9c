// A second factor at the terminal: asked for by a login, and never by a command that somebody runs for something else.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dataOf, millisecondsUntil } from '../../support/calls.js'
import { EmailOwner, otherCode } from '../../support/email-owner.js'
import { codeIn } from '../../support/mail-reader.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { type Conversation, errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let tables: Tables
let machine: TestMachine
let count = 0
beforeAll(async () => {
  idem = await startTestService()
  tables = await Tables.open(idem.databaseUrl)
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
})
beforeEach(() => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
})

const until = (talk: Conversation, words: string | RegExp): Promise<unknown> =>
  millisecondsUntil(20_000, async () => talk.said().search(words) >= 0)

/** Somebody with a key and an address, whose account asks for two factors. */
const raised = async () => {
  const key = await machine.keygen('ada.pem')
  const { account } = await machine.ask(['login', '--private-key', key.file])
  const address = `ada${++count}@example.org`
  const inbox = async (to: string) => (await unsentInbox(idem)(to)).filter(({ text }) => codeIn(text) !== '')
  const owner = new EmailOwner(idem, inbox, address)
  dataOf(await owner.tryLink(machine.kept.tokens.accessToken))
  await tables.query("update account set level = 'aal2' where id = $1", [account.id])
  return { key, owner, accountId: account.id as string }
}

test('a login with a key asks for the code of a mail, again after a wrong one, and then is signed in', async () => {
  const { key, owner, accountId } = await raised()
  await machine.run(['logout'])
  const talk = machine.open(['login', '--private-key', key.file])
  await until(talk, 'Match code')
  const code = await owner.code(2)
  talk.type(otherCode(code))
  await until(talk, '4 tries are left')
  talk.type(code)
  const run = await talk.finished
  expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(accountId) })
  expect(run.stderr).toContain('on its way to the address of this account')
  expect(machine.kept.login).toMatchObject({ method: 'key', accountId })
  expect((await machine.ask(['whoami'])).session.amr).toContain('mfa')
})

test('a script pipes the code in', async () => {
  const { key, owner, accountId } = await raised()
  const talk = machine.open(['login', '--private-key', key.file], { isTerminal: false })
  talk.type(await owner.code(2))
  expect(await talk.finished).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(accountId) })
})

test('a wrong code of a script signs nobody in', async () => {
  const { key, owner } = await raised()
  await machine.run(['logout'])
  const talk = machine.open(['login', '--private-key', key.file, '--json'], { isTerminal: false })
  talk.type(otherCode(await owner.code(2)))
  talk.leave()
  const { exitCode, stderr } = await talk.finished
  expect(exitCode).toBe(5)
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .at(-1),
  ).toMatchObject({
    error: { code: 'PROOF_REJECTED' },
  })
  expect(machine.kept).toMatchObject({ login: null, tokens: null })
})

test('a command that finds the session over asks for nothing and says how to sign in', async () => {
  const { key, accountId } = await raised()
  await tables.query('update session set ended_at = now() where account_id = $1', [accountId])
  const run = await machine.run(['whoami', '--json'])
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'SIGNED_OUT',
    message: expect.stringContaining('second factor'),
    next: expect.stringContaining(`idem login --private-key ${key.file}`),
  })
})
