// Authenticator app, recovery codes and step-ups in two proofs at the terminal.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Authenticator } from '../../support/authenticator.js'
import { millisecondsUntil } from '../../support/calls.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { type Conversation, errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let machine: TestMachine
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())
beforeEach(() => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
})

const until = (talk: Conversation, words: string | RegExp): Promise<unknown> =>
  millisecondsUntil(20_000, async () => talk.said().search(words) >= 0)

const signedIn = async (): Promise<string> => {
  const { file } = await machine.keygen('ada.pem')
  await machine.ask(['login', '--private-key', file])
  return file
}

/** Sets up an app for whoever is signed in. */
const enrol = async (): Promise<Authenticator> => {
  const talk = machine.open(['totp', 'enrol'])
  await until(talk, 'First code')
  const secret = /^ +([A-Z2-7]{16,})$/m.exec(talk.said())?.[1] ?? ''
  const app = new Authenticator(idem, secret)
  talk.type(app.code())
  expect(await talk.finished).toMatchObject({ exitCode: 0 })
  idem.clock.advance(60)
  return app
}

test('the app is enrolled by a picture, its secret or its URI, and by its first code; a wrong one can be typed again', async () => {
  await signedIn()
  const talk = machine.open(['totp', 'enrol'])
  await until(talk, 'First code')
  expect(talk.said()).toMatch(/[▀▄█]{5}/)
  expect(talk.said()).toMatch(/^otpauth:\/\/totp\/\S+$/m)
  const secret = /^ +([A-Z2-7]{16,})$/m.exec(talk.said())?.[1] ?? ''
  const app = new Authenticator(idem, secret)
  const code = app.code()
  talk.type(app.wrongCode())
  await until(talk, 'That is not the code')
  talk.type(`${code.slice(0, 3)} ${code.slice(3)}`)
  const { exitCode, stdout } = await talk.finished
  expect(exitCode).toBe(0)
  expect(stdout).toContain('idem recovery-codes')
  expect(stdout).not.toContain(secret)
  // The session has shown two factors, and goes on.
  expect(await machine.run(['recovery-codes', '--yes'])).toMatchObject({ exitCode: 0 })
  const again = await machine.run(['totp', 'enrol', '--json'])
  expect(errorOf(again)).toMatchObject({
    code: 'CONFLICT',
    next: expect.stringContaining('idem totp remove'),
  })
})

test('a script enrols by what it reads on standard error', async () => {
  await signedIn()
  const talk = machine.open(['totp', 'enrol', '--json'], { isTerminal: false })
  await until(talk, '\n')
  const { totp } = JSON.parse(talk.said())
  expect(totp.uri).toContain(totp.secret)
  talk.type(new Authenticator(idem, totp.secret).code())
  expect(await talk.finished).toMatchObject({ exitCode: 0, stdout: '{"confirmed":true}\n' })
})

test('a login asks for the code of the app, or takes a recovery code in its place, once', async () => {
  const key = await signedIn()
  const app = await enrol()
  const { stdout } = await machine.run(['recovery-codes', '--yes'])
  const codes = stdout.trimEnd().split('\n')
  expect(codes).toHaveLength(10)
  const login = (stdin: string) => machine.run(['login', '--private-key', key, '--json'], { stdin })
  expect(await login(`${app.code()}\n`)).toMatchObject({ exitCode: 0 })
  expect(await login(`${codes[0]}\n`)).toMatchObject({ exitCode: 0 })
  const twice = await login(`${codes[0]}\n`)
  expect(twice.exitCode).toBe(5)
  expect(errorOf(twice)).toMatchObject({
    code: 'PROOF_REJECTED',
    message: 'The second factor was not accepted.',
  })
  const ended = await login('')
  expect(ended.exitCode).toBe(6)
  expect(errorOf(ended)).toMatchObject({ code: 'ANSWER_MISSING' })
})

test('what needs a fresh proof of two factors asks for both, and the app is removed', async () => {
  await signedIn()
  const app = await enrol()
  idem.clock.advance(601)
  const wrong = await machine.run(['totp', 'remove', '--json'], { stdin: `${app.wrongCode()}\n` })
  expect(wrong.exitCode).toBe(5)
  const removed = await machine.run(['totp', 'remove', '--json'], { stdin: `${app.code()}\n` })
  expect(removed).toMatchObject({ exitCode: 0, stdout: '{"removed":"totp"}\n' })
  const none = await machine.run(['totp', 'remove', '--json'])
  expect(errorOf(none)).toMatchObject({ code: 'NOT_FOUND' })
})

test('new recovery codes are made when that is meant', async () => {
  await signedIn()
  const early = await machine.run(['recovery-codes', '--yes', '--json'])
  expect(errorOf(early)).toMatchObject({ code: 'NO_SECOND_FACTOR' })
  await enrol()
  const unsaid = await machine.run(['recovery-codes', '--json'])
  expect(unsaid.exitCode).toBe(2)
  expect(errorOf(unsaid)).toMatchObject({ code: 'USAGE', next: expect.stringContaining('--yes') })
  const no = machine.open(['recovery-codes'])
  await until(no, '[y/N]')
  no.type('')
  expect(await no.finished).toMatchObject({ exitCode: 2, stdout: '' })
  const yes = machine.open(['recovery-codes'])
  await until(yes, '[y/N]')
  yes.type('y')
  expect((await yes.finished).stdout.trimEnd().split('\n')).toHaveLength(10)
})
