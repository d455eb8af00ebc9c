// Login by key and as a guest: what is sent, what is kept, what is shown, and what never is.

import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { generatePrivateKey, parsePrivateKey } from '../../../src/cli/private-key.js'
import { sourceWithoutFile } from '../../../src/cli/unusable-key.js'
import { dataOf } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import type { TestService } from '../../support/start-service.js'
import { serverThatAnswers } from '../client/no-idem.js'
import { startTappedService, turnAway, Wiretap } from '../client/wiretap.js'
import { errorOf, type Run, TestMachine } from './try-cli.js'

const otherPublicKey = Buffer.alloc(32, 7).toString('base64')

/** Few, so that one test can use them up with a key of its own. */
const attemptsPerKey = 20

let idem: TestService
let wire: Wiretap
let machine: TestMachine
/** Nobody else's, for there is one service for all tests of this file. */
let handle: string
let seed: Buffer
let publicKey: string
let count = 0
beforeAll(async () => {
  const environment = { IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: String(attemptsPerKey) }
  ;({ idem, wire } = await startTappedService({ environment }))
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  machine = new TestMachine({ url: wire.url, clock: idem.clock })
  handle = `ada${++count}`
  seed = randomBytes(32)
  publicKey = parsePrivateKey(seed.toString('hex'), sourceWithoutFile('It')).publicKey
})

const keygen = async (name: string): Promise<string> => (await machine.keygen(name)).file

const noSecretIn = ({ stdout, stderr }: Run, ...secrets: string[]) => {
  const { accessToken, refreshToken } = machine.kept.tokens
  for (const secret of [...secrets, accessToken, refreshToken]) expect(stdout + stderr).not.toContain(secret)
}

const spellings = (bytes: Buffer) => [
  bytes.toString('base64'),
  bytes.toString('base64url'),
  bytes.toString('hex'),
]

test('one command registers, the next one comes back, another key with that handle is refused', async () => {
  const file = await keygen('ada.pem')
  const first = await machine.run(['login', '--handle', handle, '--private-key', file])
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`Registered and signed in as ${handle}`),
  })
  expect(wire.operations).toEqual(['IssueChallenge', 'SignIn'])
  expect(wire.calls[0]?.userAgent).toBe('idem-cli (testbed)')
  const second = await machine.run(['login', '--handle', handle, '--private-key', file])
  expect(second).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`Signed in as ${handle}`) })
  const wrong = await machine.run([
    'login',
    '--handle',
    handle,
    '--private-key',
    await keygen('eve.pem'),
    '--json',
  ])
  expect(wrong.exitCode).toBe(5)
  expect(errorOf(wrong)).toMatchObject({
    code: 'PROOF_REJECTED',
    requestId: expect.any(String),
    next: expect.stringContaining('right key'),
  })
})

test('the config remembers the file of the key and never the key', async () => {
  const file = await keygen('ada.pem')
  await machine.run(['login', '--handle', handle, '--private-key', file])
  const { url, servers } = machine.config
  expect(url).toBe(wire.url)
  expect(servers[wire.url].login).toMatchObject({ method: 'key', privateKeyFile: file, handle })
  const body = readFileSync(file, 'utf8').split('\n')[1] ?? ''
  expect(readFileSync(machine.configPath, 'utf8')).not.toContain(body)
  expect(statSync(machine.configPath).mode & 0o777).toBe(0o600)
})

test('the private key is nowhere in output, config or what was sent', async () => {
  const ways: [string[], { stdin?: string; environment?: Record<string, string> }][] = [
    [['login', '--private-key', '-'], { stdin: seed.toString('hex') }],
    [['login', '--private-key', '-', '--json'], { stdin: `${seed.toString('base64')}\n` }],
    [['login'], { environment: { IDEM_PRIVATE_KEY: seed.toString('base64') } }],
  ]
  for (const [words, circumstances] of ways) {
    const run = await machine.run(words, circumstances)
    expect(run.exitCode).toBe(0)
    noSecretIn(run, ...spellings(seed))
  }
  const sent = JSON.stringify(wire.calls) + readFileSync(machine.configPath, 'utf8')
  for (const spelling of spellings(seed)) expect(sent).not.toContain(spelling)
  expect(sent).toContain(publicKey)
  expect(machine.kept.login.privateKeyFile).toBeNull()
})

test('--json is one document on standard output and nothing on standard error', async () => {
  const run = await machine.run(['login', '--private-key', '-', '--handle', handle, '--json'], {
    stdin: seed.toString('hex'),
  })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim().split('\n')).toHaveLength(1)
  expect(JSON.parse(run.stdout)).toMatchObject({
    account: { handle },
    provisioned: true,
    url: wire.url,
  })
  noSecretIn(run)
})

test('login without a key repeats the last one', async () => {
  await machine.run(['login', '--handle', handle, '--private-key', await keygen('ada.pem')])
  await machine.run(['logout'])
  const forgotten = await machine.run(['login', '--json'])
  expect(forgotten.exitCode).toBe(6)
  expect(errorOf(forgotten)).toMatchObject({
    code: 'KEY_MISSING',
    next: expect.stringContaining('idem keygen'),
  })
  await machine.run(['login', '--handle', handle, '--private-key', machine.file('ada.pem')])
  expect(await machine.run(['login'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`Signed in as ${handle}`),
  })
})

test('a terminal as standard input is refused: a key typed there would be seen', async () => {
  const run = await machine.run(['login', '--private-key', '-', '--json'], { isTerminal: true })
  expect(run.exitCode).toBe(6)
  expect(errorOf(run)).toMatchObject({ code: 'KEY_MISSING', next: expect.stringContaining('Pipe it in') })
  const empty = await machine.run(['login', '--private-key', '-', '--json'], { stdin: ' \n' })
  expect(empty.exitCode).toBe(6)
})

test.skipIf(process.platform === 'win32')('what has no end is no key', async () => {
  const device = await machine.run(['login', '--private-key', '/dev/zero', '--json'])
  expect(device.exitCode).toBe(6)
  expect(errorOf(device)).toMatchObject({
    code: 'KEY_UNREADABLE',
    message: 'The file /dev/zero holds no private key.',
  })
  const pipe = await machine.run(['login', '--private-key', '-', '--json'], { stdin: 'x'.repeat(70_000) })
  expect(errorOf(pipe)).toMatchObject({ code: 'KEY_UNREADABLE' })
})

test('whoever signed in with a key before is asked for that one, never told to make another', async () => {
  const { signer, pem } = generatePrivateKey()
  await machine.ask(['login', '--private-key', '-'], { stdin: pem })
  const run = await machine.run(['login', '--json'])
  expect(run.exitCode).toBe(6)
  expect(errorOf(run)).toMatchObject({
    code: 'KEY_MISSING',
    message: expect.stringContaining(signer.publicKey),
    next: expect.not.stringContaining('keygen'),
  })
})

test('a key file in UTF-16 signs in', async () => {
  const { signer, pem } = generatePrivateKey()
  writeFileSync(machine.file('utf16.pem'), Buffer.from(`\uFEFF${pem}`, 'utf16le'), { mode: 0o600 })
  await machine.ask(['login', '--private-key', machine.file('utf16.pem')])
  expect(machine.kept.login.publicKey).toBe(signer.publicKey)
})

test('a key in place of its file name is refused without repeating it', async () => {
  const run = await machine.run(['login', '--private-key', seed.toString('base64')])
  expect(run.exitCode).toBe(2)
  for (const spelling of spellings(seed)) expect(run.stderr).not.toContain(spelling)
})

test('a key file that others can read is warned about', async () => {
  const file = await keygen('ada.pem')
  chmodSync(file, 0o644)
  const { stderr, exitCode } = await machine.run(['login', '--private-key', file])
  expect(exitCode).toBe(0)
  expect(stderr).toContain(`chmod 600 ${file}`)
})

test('a handle that the service does not take is a usage error that names the field', async () => {
  const run = await machine.run(['login', '--private-key', await keygen('a.pem'), '--handle', 'x', '--json'])
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({ code: 'BAD_USER_INPUT', field: expect.stringContaining('handle') })
})

test('too many attempts end with 7 and say how long to wait', async () => {
  const login = ['login', '--private-key', await keygen('eager.pem'), '--json']
  for (let attempt = 0; attempt < attemptsPerKey; attempt += 1) await machine.ask(login)
  const run = await machine.run(login)
  expect(run.exitCode).toBe(7)
  const { code, retryAfterSeconds, next } = errorOf(run)
  expect({ code, next }).toEqual({ code: 'RATE_LIMITED', next: `Try again in ${retryAfterSeconds} s.` })
})

test('a challenge that is signed too late ends with 5, and the command can be run again', async () => {
  const login = ['login', '--private-key', await keygen('slow.pem'), '--json']
  wire.onNext('SignIn', () => idem.clock.advance(31))
  const run = await machine.run(login)
  expect(run.exitCode).toBe(5)
  expect(errorOf(run)).toMatchObject({
    code: 'CHALLENGE_EXPIRED',
    next: expect.stringContaining('run the command again'),
  })
  expect((await machine.run(login)).exitCode).toBe(0)
})

test('a gateway that turns the call away ends with 4 and its Retry-After', async () => {
  wire.onNext('SignIn', turnAway(503, 2))
  const run = await machine.run(['login', '--guest', '--json'])
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({
    code: 'UNAVAILABLE',
    retryAfterSeconds: 2,
    next: 'Try again in 2 s.',
  })
})

test("Space and Time's spelling signs in, warns about the value, and checks the public key", async () => {
  const words = [
    'authenticate',
    'login',
    `--url=${wire.url}`,
    `--userId=${handle}`,
    `--privateKey=${seed.toString('base64')}`,
  ]
  const run = await machine.run([...words, `--publicKey=${publicKey}`], {
    environment: { IDEM_URL: 'http://127.0.0.1:1' },
  })
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('warning: a private key on the command line shows in the process list')
  expect(await machine.ask(['whoami', '--url', wire.url])).toMatchObject({ account: { handle } })
  noSecretIn(run, ...spellings(seed))
  const mismatch = await machine.run([...words, `--publicKey=${otherPublicKey}`, '--json'])
  expect(mismatch.exitCode).toBe(5)
  expect(mismatch.stderr).toContain('KEY_MISMATCH')
  expect(mismatch.stderr).not.toContain(seed.toString('base64'))
  const file = await keygen('ada2.pem')
  const fromFile = await machine.run([
    'authenticate',
    'login',
    `--userId=${handle}-2`,
    `--privateKey=${file}`,
  ])
  expect(fromFile).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('process list') })
})

test('a guest comes back as the same guest, also after logout', async () => {
  const first = await machine.run(['login', '--guest', '--json'])
  const { account, provisioned } = JSON.parse(first.stdout)
  expect(provisioned).toBe(true)
  const { deviceSecret } = machine.kept
  expect(Buffer.from(deviceSecret, 'base64')).toHaveLength(32)
  noSecretIn(first, deviceSecret)
  await machine.run(['logout'])
  const again = await machine.run(['login', '--guest', '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ account: { id: account.id }, provisioned: false })
})

test('a guest that became a person elsewhere is told so, and the next guest is a new one', async () => {
  const first = await machine.run(['login', '--guest', '--json'])
  const { account } = JSON.parse(first.stdout)
  const { deviceSecret } = machine.kept
  const tab = await signInAsGuest(idem, { deviceSecret })
  dataOf(await new KeyOwner(idem).link(tab.accessToken))
  const refused = await machine.run(['login', '--guest'])
  expect(refused.exitCode).not.toBe(0)
  expect(refused.stderr).toContain('This guest has become a person')
  expect(refused.stderr).toContain('idem login --guest')
  noSecretIn(refused, deviceSecret)
  const next = JSON.parse((await machine.run(['login', '--guest', '--json'])).stdout)
  expect(next).toMatchObject({ provisioned: true })
  expect(next.account.id).not.toBe(account.id)
})

test("one server's tokens and guest secret are never sent to another", async () => {
  await machine.ask(['login', '--guest'])
  const { deviceSecret, tokens } = machine.kept
  const other = await Wiretap.to(idem.url)
  const shown = await machine.run(['whoami', '--json', '--url', other.url])
  expect(shown.exitCode).toBe(3)
  await machine.ask(['login', '--guest', '--url', other.url])
  await other.stop()
  expect(other.operations).toEqual(['SignIn'])
  const seen = JSON.stringify(other.calls)
  for (const secret of [deviceSecret, tokens.accessToken, tokens.refreshToken])
    expect(seen).not.toContain(secret)
  expect(machine.config.url).toBe(other.url)
})

test('what a server says cannot steer the terminal', async () => {
  const errors = [{ message: 'gone \u001b[2J\u202E', extensions: { code: 'NOT_FOUND' } }]
  await using hostile = await serverThatAnswers({ body: JSON.stringify({ errors }) })
  const { exitCode, stderr } = await machine.run(['login', '--guest', '--url', hostile.url])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('gone')
  for (const control of ['\u001b', '\u202E']) expect(stderr).not.toContain(control)
})

test('keygen prints the public key alone, never overwrites, and closes the file to others', async () => {
  const file = machine.file('new.pem')
  const run = await machine.run(['keygen', '--out', file])
  expect(run.stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const pem = readFileSync(file, 'utf8')
  expect(run.stdout + run.stderr).not.toContain(pem.split('\n')[1])
  const again = await machine.run(['keygen', '--out', file, '--json'])
  expect(again.exitCode).toBe(1)
  expect(errorOf(again)).toMatchObject({ code: 'FILE_EXISTS' })
  expect(readFileSync(file, 'utf8')).toBe(pem)
  const beside = await machine.run(['keygen', '--json'])
  expect(JSON.parse(beside.stdout).privateKeyFile).toBe(machine.configPath.replace('config.json', 'key.pem'))
})

test('an encrypted key says how to decrypt it and ends with 6', async () => {
  writeFileSync(
    machine.file('e.pem'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  )
  const run = await machine.run(['login', '--private-key', machine.file('e.pem'), '--json'])
  expect(run.exitCode).toBe(6)
  expect(run.stderr).toContain('KEY_ENCRYPTED')
})
