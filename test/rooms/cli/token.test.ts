// `idem token` and what follows from it: refresh, many shells at once, and signing in again.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { withServerEntry } from '../../../src/cli/config.js'
import { configFile } from '../../../src/cli/config-file.js'
import { KeyOwner } from '../../support/key-owner.js'
import { MovableClock, type TestService } from '../../support/start-service.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let wire: Wiretap
let machine: TestMachine
let keyFile: string
let accountId: string
let count = 0
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})
beforeEach(async () => {
  machine = newMachine()
  keyFile = (await machine.keygen('ada.pem')).file
  accountId = await logIn(machine, ['--handle', `ada${++count}`, '--private-key', keyFile])
})

/** A machine at the wire, whose clock goes with the server's unless it has one of its own. */
const newMachine = (clock: MovableClock = idem.clock) => new TestMachine({ url: wire.url, clock })

const logIn = async (who: TestMachine, words: readonly string[]): Promise<string> => {
  const { account } = await who.ask(['login', ...words])
  wire.forget()
  return account.id
}

/** Longer than an access token serves, and less than its session can be refreshed. */
const afterTheToken = () => idem.clock.advance(26 * 60)
/** Longer than the session can be refreshed. */
const afterTheSession = () => idem.clock.advance(31 * 60)

const isAccepted = async (token: string): Promise<boolean> =>
  (await idem.askAs(token.trim(), '{ me { id } }')).status === 200

test('the token alone is on standard output, and a fresh one costs no call', async () => {
  const run = await machine.run(['token'])
  const { accessToken, accessTokenExpiresAt } = machine.kept.tokens
  expect(run).toEqual({ exitCode: 0, stdout: `${accessToken}\n`, stderr: '' })
  expect(await isAccepted(run.stdout)).toBe(true)
  expect(await machine.ask(['token'])).toEqual({ accessToken, tokenType: 'Bearer', accessTokenExpiresAt })
  expect(wire.operations).toEqual([])
})

test('an old token is refreshed without a bearer, and the successor kept', async () => {
  const before = machine.kept.tokens
  afterTheToken()
  const run = await machine.run(['token'])
  expect(wire.calls).toMatchObject([{ operation: 'RefreshSession', bearer: null }])
  expect(run).toEqual({ exitCode: 0, stdout: `${machine.kept.tokens.accessToken}\n`, stderr: '' })
  expect(machine.kept.tokens.refreshToken).not.toBe(before.refreshToken)
  expect(await isAccepted(run.stdout)).toBe(true)
})

test.each([
  ['three hours ahead', 3 * 3600],
  ['three hours behind', -3 * 3600],
])('a clock that is %s takes a token for fresh exactly as long as it is', async (_where, secondsOff) => {
  const clock = new MovableClock()
  clock.advance((idem.clock.now().getTime() - Date.now()) / 1000 + secondsOff)
  const off = newMachine(clock)
  await logIn(off, ['--guest'])
  const bothMove = (seconds: number) => [clock, idem.clock].map((one) => one.advance(seconds))
  bothMove(23 * 60)
  await off.ask(['token'])
  expect(wire.operations).toEqual([])
  expect((await off.run(['status'])).stdout).toMatch(/Access token ends .* UTC \(in 2 min\)/)
  bothMove(65)
  expect(await isAccepted((await off.run(['token'])).stdout)).toBe(true)
  expect(wire.operations).toEqual(['WhoAmI', 'RefreshSession'])
  await off.ask(['token'])
  expect(wire.operations).toEqual(['WhoAmI', 'RefreshSession'])
})

test('a clock that was set back since the token came does not lengthen its life', async () => {
  const clock = new MovableClock()
  const guest = newMachine(clock)
  await logIn(guest, ['--guest'])
  clock.advance(-3600)
  await guest.ask(['token'])
  expect(wire.operations).toEqual(['RefreshSession'])
  await guest.ask(['token'])
  expect(wire.operations).toEqual(['RefreshSession'])
})

test('twenty shells at once refresh once and all print the same token', async () => {
  afterTheToken()
  const runs = await Promise.all(Array.from({ length: 20 }, () => machine.run(['token'])))
  const expected = { exitCode: 0, stdout: `${machine.kept.tokens.accessToken}\n`, stderr: '' }
  for (const run of runs) expect(run).toEqual(expected)
  expect(wire.operations).toEqual(['RefreshSession'])
})

test('a session that is over is opened again with the remembered key, and only that is said', async () => {
  afterTheSession()
  const run = await machine.run(['token'])
  expect(run).toEqual({
    exitCode: 0,
    stdout: `${machine.kept.tokens.accessToken}\n`,
    stderr: 'The session was over: signed in again.\n',
  })
  expect(wire.operations).toEqual(['RefreshSession', 'IssueChallenge', 'SignIn'])
})

test('a session ended from elsewhere is noticed by the call that needs it', async () => {
  await idem.askAs(machine.kept.tokens.accessToken, 'mutation { endSession }')
  expect((await machine.ask(['whoami'])).account.id).toBe(accountId)
  expect(wire.operations).toEqual(['WhoAmI', 'RefreshSession', 'IssueChallenge', 'SignIn', 'WhoAmI'])
})

test('a refresh that fails on the way loses nothing', async () => {
  afterTheToken()
  const before = machine.kept
  wire.onNext('RefreshSession', (_call, response) => response.destroy())
  expect((await machine.run(['token'])).exitCode).toBe(4)
  const { refreshStartedAt, ...tokens } = machine.kept.tokens
  expect({ ...before.tokens, ...tokens }).toEqual(before.tokens)
  expect(refreshStartedAt).toBe(idem.clock.now().toISOString())
  expect((await machine.run(['token'])).exitCode).toBe(0)
})

test('a refresh whose answer never came is repeated by the next command, however fresh the token seems', async () => {
  await idem.askAs(machine.kept.tokens.accessToken, '{ me { id } }')
  const { refreshToken } = machine.kept.tokens
  afterTheToken()
  wire.onNextAnswer('RefreshSession', (_call, response) => response.destroy())
  expect((await machine.run(['token'])).exitCode).toBe(4)
  expect(machine.kept.tokens).toMatchObject({ refreshToken, refreshStartedAt: expect.any(String) })
  idem.clock.advance(-20 * 60) // as where a server refused the token before its time
  wire.forget()
  await machine.ask(['status'])
  expect(wire.operations).toEqual(['RefreshSession', 'WhoAmI'])
  expect(machine.kept.tokens).toMatchObject({ refreshStartedAt: null })
})

/** What keeps a config from being written, though it can be read; the first two stop root, too. */
const obstacles: readonly (readonly [string, (config: string) => void])[] = [
  ['the lock', (config) => writeFileSync(`${config}.lock`, '')],
  ['the new file', (config) => mkdirSync(`${config}.new`)],
  ['the folder', (config) => chmodSync(path.dirname(config), 0o500)],
]

test.each(obstacles.filter(([what]) => what !== 'the folder' || process.getuid?.() !== 0))(
  'a config that cannot be written because of %s ends with 8 before anything is sent',
  async (_what, obstruct) => {
    afterTheToken()
    obstruct(machine.configPath)
    const before = readFileSync(machine.configPath, 'utf8')
    for (const words of [['token'], ['whoami'], ['login', '--guest'], ['login', '--private-key', keyFile]]) {
      const run = await machine.run([...words, '--json'])
      expect([words, run.exitCode, errorOf(run)['code']]).toEqual([words, 8, 'CONFIG_NOT_WRITTEN'])
    }
    expect(wire.operations).toEqual([])
    expect((await machine.run(['logout'])).exitCode).toBe(8)
    expect(readFileSync(machine.configPath, 'utf8')).toBe(before)
  },
)

test('a session that is over without a key at hand ends with 3 and says why', async () => {
  afterTheSession()
  rmSync(keyFile)
  const run = await machine.run(['token', '--json'])
  expect(run.exitCode).toBe(3)
  expect(run.stdout).toBe('')
  expect(errorOf(run)).toMatchObject({ code: 'SIGNED_OUT', message: expect.stringContaining(keyFile) })
})

test('a key file that now holds another key never signs in as somebody else', async () => {
  afterTheSession()
  copyFileSync((await machine.keygen('eve.pem')).file, keyFile)
  const run = await machine.run(['token', '--json'])
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({ message: expect.stringContaining('another key') })
  expect(wire.operations).not.toContain('SignIn')
})

/** Takes the first key of an account away, from another machine that has a second one. */
const removeKeyElsewhere = async (publicKey: string) => {
  const other = newMachine()
  const { file } = await other.keygen('second.pem')
  await machine.ask(['keys', 'add', '--private-key', file])
  await other.ask(['login', '--private-key', file])
  await other.ask(['keys', 'remove', publicKey])
  wire.forget()
}

test('a key that was removed elsewhere ends with 3 and says that it opens the account no more', async () => {
  await removeKeyElsewhere(machine.kept.login.publicKey)
  const run = await machine.run(['token', '--json'])
  expect(run.exitCode).toBe(0) // an access token is checked by whoever gets it
  const whoami = await machine.run(['whoami', '--json'])
  expect(whoami.exitCode).toBe(3)
  expect(errorOf(whoami)).toMatchObject({
    code: 'SIGNED_OUT',
    message: expect.stringMatching(`no longer opens account ${accountId}\\.$`),
    next: expect.stringContaining('a key of that account'),
  })
})

test('the same key without a handle opens a new account, and the user is never put into it', async () => {
  const { publicKey, file } = await machine.keygen('nameless.pem')
  accountId = await logIn(machine, ['--private-key', file])
  await removeKeyElsewhere(publicKey)
  afterTheSession()
  const first = await machine.run(['token', '--json'])
  expect(first.exitCode).toBe(3)
  const { message } = errorOf(first)
  expect(message).toMatch(
    new RegExp(`the key .+ no longer opens account ${accountId}; it opens a new, empty account \\S+ now`),
  )
  // Nor later on, when that account is known.
  const again = await machine.run(['token', '--json'])
  expect(again.exitCode).toBe(3)
  expect(errorOf(again)).toMatchObject({ message: expect.stringContaining('you are not signed in') })
  expect(wire.operations.filter((operation) => operation === 'EndSession')).toHaveLength(2)
  // Who wants that account says so.
  const { account } = await machine.ask(['login'])
  expect(message).toContain(account.id)
  expect((await machine.run(['token'])).exitCode).toBe(0)
})

test('a guest who became a person elsewhere does not silently become another guest', async () => {
  const guest = newMachine()
  const guestId = await logIn(guest, ['--guest'])
  const { accessToken } = guest.kept.tokens
  await new KeyOwner(idem).link(accessToken)
  await idem.askAs(accessToken, 'mutation { endSession }')
  const run = await guest.run(['whoami', '--json'])
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    message: expect.stringContaining(`this guest's secret no longer opens account ${guestId}`),
    next: expect.stringContaining('idem login --guest'),
  })
})

test('a key from the environment renews a session that it opened', async () => {
  const environment = { IDEM_PRIVATE_KEY: crypto.getRandomValues(Buffer.alloc(32)).toString('hex') }
  await machine.ask(['login'], { environment })
  afterTheSession()
  expect((await machine.run(['token'], { environment })).exitCode).toBe(0)
  afterTheSession()
  expect((await machine.run(['token'])).exitCode).toBe(3)
})

test('after logout no key signs in by itself', async () => {
  const { accessToken } = machine.kept.tokens
  expect(await machine.ask(['logout'])).toEqual({ wasSignedIn: true, endedAtServer: true, url: wire.url })
  expect(await isAccepted(accessToken)).toBe(false)
  expect((await machine.run(['token', '--json'])).exitCode).toBe(3)
})

test('a shell that waited while another logged out does not sign in again', async () => {
  afterTheSession()
  let waiting: ReturnType<TestMachine['run']> | null = null
  await configFile(machine.configPath).update(async (config) => {
    waiting = machine.run(['token'])
    await new Promise((resolve) => setTimeout(resolve, 100))
    return withServerEntry(config, wire.url, { login: null, tokens: null })
  })
  expect(await waiting).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('meanwhile') })
  expect(wire.operations).toEqual([])
})

test('logout ends a session whose access token has run out', async () => {
  afterTheToken()
  expect((await machine.run(['logout'])).exitCode).toBe(0)
  expect(wire.operations).toEqual(['RefreshSession', 'EndSession'])
})

test('logout of a session that is over already says so', async () => {
  afterTheSession()
  expect(await machine.ask(['logout'])).toMatchObject({ wasSignedIn: true, endedAtServer: false })
})

test('status shows account and times, no secret, and never signs in', async () => {
  const run = await machine.run(['status', '--json'])
  const { accessToken, refreshToken, sessionExpiresAt, accessTokenExpiresAt } = machine.kept.tokens
  expect(run.exitCode).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({
    url: wire.url,
    reachable: true,
    signedIn: true,
    account: { id: accountId },
    sessionExpiresAt,
    accessTokenExpiresAt,
  })
  const text = await machine.run(['status'])
  expect(text.stdout).toMatch(/Session ends +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 24 h\)/)
  for (const { stdout } of [run, text]) {
    expect(stdout).not.toContain(accessToken)
    expect(stdout).not.toContain(refreshToken)
  }
  afterTheSession()
  const over = await machine.run(['status', '--json'])
  expect(over.exitCode).toBe(3)
  expect(JSON.parse(over.stdout)).toMatchObject({ reachable: true, signedIn: false })
  expect(wire.operations).not.toContain('SignIn')
})
