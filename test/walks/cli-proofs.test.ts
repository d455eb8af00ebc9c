// The story of somebody who secures an account at a terminal: `idem` as it was built, as processes of its own.

import { writeFileSync } from 'node:fs'
import { Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { Shell } from '../rooms/cli/shell.js'
import { Authenticator } from '../support/authenticator.js'
import { millisecondsUntil } from '../support/calls.js'
import { codeIn, type Inbox, mailboxInbox, mailsTo } from '../support/mail-reader.js'
import { startTestService, type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'

let idem: TestService
let worker: Worker
let shell: Shell
beforeAll(async () => {
  idem = await startTestService()
  worker = await startTestWorker(idem)
  shell = new Shell({ url: idem.url })
})
afterAll(async () => {
  await worker.stop()
  await idem.stop()
})

const address = 'nora@example.org'
const [password, another] = ['six silver bicycles', 'five copper kettles']

/** The code of the newest of so many mails; notices come in between. */
const codeOf = async (mails: number): Promise<string> => {
  const inbox: Inbox = async (to) => (await mailboxInbox(idem)(to)).filter(({ text }) => codeIn(text) !== '')
  return codeIn((await mailsTo(inbox, address, mails))[0]?.text ?? '')
}

/** Runs a command that reads these lines, and then the code of the newest of so many mails. */
const answerByMail = async (words: readonly string[], lines: readonly string[], mails: number) => {
  const talk = shell.open(words)
  for (const line of lines) talk.child.stdin?.write(`${line}\n`)
  await millisecondsUntil(30_000, async () => talk.said().includes('Match code'))
  talk.child.stdin?.write(`${await codeOf(mails)}\n`)
  const run = await talk.finished
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
  return run
}

/** Sets up an authenticator app by what is printed for people. */
const enrol = async (): Promise<Authenticator> => {
  const talk = shell.open(['totp', 'enrol'])
  const secretIn = (): string | undefined => /^ +([A-Z2-7]{16,})$/m.exec(talk.said())?.[1]
  await millisecondsUntil(30_000, async () => secretIn() !== undefined)
  const app = new Authenticator(idem, secretIn() ?? '')
  talk.child.stdin?.end(`${app.code()}\n`)
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
  idem.clock.advance(30)
  return app
}

test('mail, password, authenticator app, recovery codes, a reset signed by this machine, a wallet', async () => {
  // 1 a mail, then a password: this machine becomes a device
  await answerByMail(['login', '--email', address], [], 1)
  const { account, device } = await shell.ask(['passwords', 'set'], `${password}\n`)
  expect((await shell.ask(['devices', 'list'])).devices).toMatchObject([{ id: device.id, isOwn: true }])

  // 2 the password and a mailed code
  await shell.run(['logout'])
  await answerByMail(['login', '--password', '--email', address], [password], 2)
  expect((await shell.ask(['whoami'])).session.amr).toEqual(['pwd', 'otp', 'mfa'])

  // 3 an app instead of the mail, and codes for the day when it is lost
  const app = await enrol()
  const { recoveryCodes } = await shell.ask(['recovery-codes', '--yes'])
  expect(recoveryCodes).toHaveLength(10)
  const login = (second: string) =>
    shell.ask(['login', '--password', '--email', address], `${password}\n${second}\n`)
  expect(await login(app.code())).toMatchObject({ account: { id: account.id } })
  expect(await login(recoveryCodes[0])).toMatchObject({ account: { id: account.id } })
  const twice = await shell.run(
    ['login', '--password', '--email', address],
    `${password}\n${recoveryCodes[0]}\n`,
  )
  expect(twice.exitCode).toBe(5)

  // 4 the proofs are too old: both are asked for again, then the app goes
  idem.clock.advance(601)
  expect(await shell.ask(['totp', 'remove'], `${password}\n${app.code()}\n`)).toEqual({ removed: 'totp' })

  // 5 the password is forgotten: a mailed code and the signature of this machine set another one, and end the session
  const reset = await answerByMail(['passwords', 'reset', '--email', address], [another], 3)
  expect(reset.stdout).toContain('every session of the account has ended')
  expect((await shell.run(['whoami'])).exitCode).toBe(3)
  await answerByMail(['login', '--password', '--email', address], [another], 4)

  // 6 everything that opens the account, and what opens it no more
  const { identities } = await shell.ask(['identities'])
  expect(identities.map(({ method }: { method: string }) => method).sort()).toEqual([
    'email',
    'key',
    'password',
  ])
  const removed = await shell.ask(['identities', 'remove', 'password'])
  expect(removed).toMatchObject({ removed: { method: 'password' }, signedOut: true })
  expect((await shell.run(['whoami'])).exitCode).toBe(3)

  // 7 a wallet is another account, with nothing to type
  writeFileSync(shell.file('wallet.hex'), Wallet.createRandom().privateKey, { mode: 0o600 })
  const byWallet = await shell.ask(['login', '--wallet-key', 'wallet.hex', '--handle', 'nora-wallet'])
  expect(byWallet).toMatchObject({ provisioned: true, account: { handle: 'nora-wallet' } })

  for (const secret of [password, another, 'PRIVATE KEY']) expect(shell.written).not.toContain(secret)
})
