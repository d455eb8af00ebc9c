// `idem token` and what follows from it: refresh, many shells at once, and signing in again.

import { copyFileSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StubIdem } from './stub-idem.js'
import { errorOf, freshFolder, machineIn } from './try-cli.js'

let stub: StubIdem
let machine: ReturnType<typeof machineIn>
let keyFile: string
beforeEach(async () => {
  stub = await StubIdem.start()
  machine = machineIn(freshFolder(), stub.url)
  keyFile = machine.file('ada.pem')
  await machine.run(['keygen', '--out', keyFile])
  await machine.run(['login', '--handle', 'ada', '--private-key', keyFile])
  stub.calls.length = 0
})
afterEach(() => stub.stop())

const halfAnHourLater = { secondsAhead: 1600 }
const keptTokens = () => machine.config().servers[stub.url].tokens

test('the token alone is on standard output, and a fresh one costs no call', async () => {
  const run = await machine.run(['token'])
  expect(run).toEqual({ exitCode: 0, stdout: `${keptTokens().accessToken}\n`, stderr: '' })
  expect(stub.calls).toEqual([])
  const { stdout } = await machine.run(['token', '--json'])
  expect(JSON.parse(stdout)).toEqual({
    accessToken: keptTokens().accessToken,
    tokenType: 'Bearer',
    accessTokenExpiresAt: keptTokens().accessTokenExpiresAt,
  })
})

test('an old token is refreshed without a bearer, and the successor kept', async () => {
  const before = keptTokens()
  const run = await machine.run(['token'], halfAnHourLater)
  expect(stub.operations).toEqual(['RefreshSession'])
  expect(stub.calls[0]?.bearer).toBeNull()
  expect(run.stdout).toBe(`${keptTokens().accessToken}\n`)
  expect(keptTokens().refreshToken).not.toBe(before.refreshToken)
})

test('twenty shells at once refresh once and all print the same token', async () => {
  stub.accessTokenSeconds = 30
  await machine.run(['login'])
  stub.accessTokenSeconds = 1500
  stub.calls.length = 0
  const runs = await Promise.all(Array.from({ length: 20 }, () => machine.run(['token'])))
  const expected = { exitCode: 0, stdout: `${keptTokens().accessToken}\n`, stderr: '' }
  for (const run of runs) expect(run).toEqual(expected)
  expect(stub.operations).toEqual(['RefreshSession'])
})

test('a session that is over is opened again with the remembered key, and only that is said', async () => {
  stub.sessions.clear()
  const run = await machine.run(['token'], halfAnHourLater)
  expect(run.exitCode).toBe(0)
  expect(run.stdout).toBe(`${keptTokens().accessToken}\n`)
  expect(run.stderr).toBe('The session was over: signed in again.\n')
  expect(stub.operations).toEqual(['RefreshSession', 'IssueChallenge', 'SignIn'])
})

test('a session revoked from elsewhere is noticed by the call that needs it', async () => {
  stub.sessions.clear()
  const run = await machine.run(['whoami', '--json'])
  expect(run.exitCode).toBe(0)
  expect(JSON.parse(run.stdout).account.handle).toBe('ada')
})

test('a session that is over without a key at hand ends with 3 and says why', async () => {
  stub.sessions.clear()
  rmSync(keyFile)
  const run = await machine.run(['token', '--json'], halfAnHourLater)
  expect(run.exitCode).toBe(3)
  expect(run.stdout).toBe('')
  expect(errorOf(run)).toMatchObject({ code: 'SIGNED_OUT', message: expect.stringContaining(keyFile) })
})

test('a key file that now holds another key never signs in as somebody else', async () => {
  stub.sessions.clear()
  await machine.run(['keygen', '--out', machine.file('eve.pem')])
  copyFileSync(machine.file('eve.pem'), keyFile)
  const run = await machine.run(['token', '--json'], halfAnHourLater)
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({ message: expect.stringContaining('another key') })
  expect(stub.accounts).toHaveLength(1)
})

test('a guest whose account is gone does not silently become another one', async () => {
  const guest = machineIn(freshFolder(), stub.url)
  await guest.run(['login', '--guest'])
  stub.accounts.length = 0
  stub.sessions.clear()
  const run = await guest.run(['token', '--json'], halfAnHourLater)
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({ message: expect.stringContaining('no longer reached') })
  expect(stub.sessions.size).toBe(0)
})

test('a key from the environment renews a session that it opened', async () => {
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
  const environment = { IDEM_PRIVATE_KEY: seed }
  await machine.run(['login'], { environment })
  stub.sessions.clear()
  expect((await machine.run(['token'], { environment, ...halfAnHourLater })).exitCode).toBe(0)
  stub.sessions.clear()
  expect((await machine.run(['token'], { secondsAhead: 9999 })).exitCode).toBe(3)
})

test('after logout no key signs in by itself', async () => {
  const logout = await machine.run(['logout', '--json'])
  expect(JSON.parse(logout.stdout)).toEqual({ wasSignedIn: true, endedAtServer: true, url: stub.url })
  expect(stub.sessions.size).toBe(0)
  expect((await machine.run(['token', '--json'])).exitCode).toBe(3)
})

test('logout ends a session whose access token has run out', async () => {
  expect((await machine.run(['logout'], halfAnHourLater)).exitCode).toBe(0)
  expect(stub.operations).toEqual(['RefreshSession', 'EndSession'])
  expect(stub.sessions.size).toBe(0)
})

test('status shows account and times, no secret, and never signs in', async () => {
  const run = await machine.run(['status', '--json'])
  expect(run.exitCode).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({
    url: stub.url,
    reachable: true,
    signedIn: true,
    account: { handle: 'ada' },
    sessionExpiresAt: keptTokens().sessionExpiresAt,
    accessTokenExpiresAt: keptTokens().accessTokenExpiresAt,
  })
  const text = await machine.run(['status'])
  expect(text.stdout).toMatch(/Session ends +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 24 h\)/)
  for (const { stdout } of [run, text]) {
    expect(stdout).not.toContain(keptTokens().accessToken)
    expect(stdout).not.toContain(keptTokens().refreshToken)
  }
  stub.sessions.clear()
  const over = await machine.run(['status', '--json'])
  expect(over.exitCode).toBe(3)
  expect(JSON.parse(over.stdout)).toMatchObject({ reachable: true, signedIn: false })
  expect(stub.operations).not.toContain('SignIn')
})
