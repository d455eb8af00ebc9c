// Login by key and as a guest: what is sent, what is kept, what is shown, and what never is.

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StubIdem } from './stub-idem.js'
import { errorOf, freshFolder, machineIn, type Run } from './try-cli.js'

const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
const publicKey = Buffer.from(
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  'hex',
).toString('base64')
const otherPublicKey = Buffer.alloc(32, 7).toString('base64')

let stub: StubIdem
let machine: ReturnType<typeof machineIn>
beforeEach(async () => {
  stub = await StubIdem.start()
  machine = machineIn(freshFolder(), stub.url)
})
afterEach(() => stub.stop())

const keygen = async (name: string): Promise<string> => {
  const { exitCode } = await machine.run(['keygen', '--out', machine.file(name)])
  expect(exitCode).toBe(0)
  return machine.file(name)
}

const noSecretIn = (run: Run, ...secrets: string[]) => {
  const kept = JSON.stringify(machine.config().servers[stub.url].tokens ?? {})
  const tokens = [...kept.matchAll(/"((?:access|refresh)\.[^"]+)"/g)].map(([, token]) => token ?? '')
  for (const secret of [...secrets, ...tokens]) {
    expect(secret).not.toBe('')
    expect(run.stdout + run.stderr).not.toContain(secret)
  }
}

const spellings = (bytes: Buffer) => [
  bytes.toString('base64'),
  bytes.toString('base64url'),
  bytes.toString('hex'),
]

test('one command registers, the next one comes back, another key with that handle is refused', async () => {
  const file = await keygen('ada.pem')
  const first = await machine.run(['login', '--handle', 'ada', '--private-key', file])
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('Registered and signed in as ada'),
  })
  expect(stub.operations).toEqual(['IssueChallenge', 'SignIn'])
  expect(stub.calls[0]?.userAgent).toBe('idem-cli (testbed)')
  const second = await machine.run(['login', '--handle', 'ada', '--private-key', file])
  expect(second).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Signed in as ada') })
  const wrong = await machine.run([
    'login',
    '--handle',
    'ada',
    '--private-key',
    await keygen('eve.pem'),
    '--json',
  ])
  expect(wrong.exitCode).toBe(5)
  expect(errorOf(wrong)).toMatchObject({
    code: 'PROOF_REJECTED',
    requestId: 'request-1',
    next: expect.stringContaining('right key'),
  })
  expect(stub.accounts).toHaveLength(1)
})

test('the config remembers the file of the key and never the key', async () => {
  const file = await keygen('ada.pem')
  await machine.run(['login', '--handle', 'ada', '--private-key', file])
  const { url, servers } = machine.config()
  expect(url).toBe(stub.url)
  expect(servers[stub.url].login).toMatchObject({ method: 'key', privateKeyFile: file, handle: 'ada' })
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
  const sent = JSON.stringify(stub.calls) + readFileSync(machine.configPath, 'utf8')
  for (const spelling of spellings(seed)) expect(sent).not.toContain(spelling)
  expect(sent).toContain(publicKey)
  expect(machine.config().servers[stub.url].login.privateKeyFile).toBeNull()
})

test('--json is one document on standard output and nothing on standard error', async () => {
  const run = await machine.run(['login', '--private-key', '-', '--handle', 'ada', '--json'], {
    stdin: seed.toString('hex'),
  })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim().split('\n')).toHaveLength(1)
  expect(JSON.parse(run.stdout)).toMatchObject({
    account: { handle: 'ada' },
    provisioned: true,
    url: stub.url,
  })
  noSecretIn(run)
})

test('login without a key repeats the last one', async () => {
  await machine.run(['login', '--handle', 'ada', '--private-key', await keygen('ada.pem')])
  await machine.run(['logout'])
  const forgotten = await machine.run(['login', '--json'])
  expect(forgotten.exitCode).toBe(6)
  expect(errorOf(forgotten)).toMatchObject({
    code: 'KEY_MISSING',
    next: expect.stringContaining('idem keygen'),
  })
  await machine.run(['login', '--handle', 'ada', '--private-key', machine.file('ada.pem')])
  expect(await machine.run(['login'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('Signed in as ada'),
  })
})

test('a terminal as standard input is refused: a key typed there would be seen', async () => {
  const run = await machine.run(['login', '--private-key', '-', '--json'], { isTerminal: true })
  expect(run.exitCode).toBe(6)
  expect(errorOf(run)).toMatchObject({ code: 'KEY_MISSING', next: expect.stringContaining('Pipe it in') })
  const empty = await machine.run(['login', '--private-key', '-', '--json'], { stdin: ' \n' })
  expect(empty.exitCode).toBe(6)
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

test.each([
  ['RATE_LIMITED', { retryAfterSeconds: 30 }, 7, 'Try again in 30 s.'],
  ['UNAVAILABLE', { retryAfterSeconds: 2 }, 4, 'Try again in 2 s.'],
  ['CHALLENGE_EXPIRED', {}, 5, 'run the command again'],
  ['INTERNAL', {}, 1, 'request request-1'],
  ['BAD_USER_INPUT', { field: 'handle' }, 2, null],
])('%s is told with its next step and ends with its code', async (code, extensions, exitCode, next) => {
  stub.refuseWith = { code, extensions }
  const run = await machine.run(['login', '--private-key', '-', '--json'], { stdin: seed.toString('hex') })
  expect(run.exitCode).toBe(exitCode)
  const told = next === null ? null : expect.stringContaining(next)
  expect(errorOf(run)).toMatchObject({ code, ...extensions, next: told })
})

test("Space and Time's spelling signs in, warns about the value, and checks the public key", async () => {
  const words = [
    'authenticate',
    'login',
    `--url=${stub.url}`,
    '--userId=ada',
    `--privateKey=${seed.toString('base64')}`,
  ]
  const run = await machine.run([...words, `--publicKey=${publicKey}`], {
    environment: { IDEM_URL: 'http://127.0.0.1:1' },
  })
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('warning: a private key on the command line shows in the process list')
  expect(stub.accounts[0]?.handle).toBe('ada')
  noSecretIn(run, ...spellings(seed))
  const mismatch = await machine.run([...words, `--publicKey=${otherPublicKey}`, '--json'])
  expect(mismatch.exitCode).toBe(5)
  expect(mismatch.stderr).toContain('KEY_MISMATCH')
  expect(mismatch.stderr).not.toContain(seed.toString('base64'))
  const file = await keygen('ada2.pem')
  const fromFile = await machine.run(['authenticate', 'login', '--userId=bob', `--privateKey=${file}`])
  expect(fromFile).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('process list') })
})

test('a guest comes back as the same guest, also after logout', async () => {
  const first = await machine.run(['login', '--guest', '--json'])
  const { account, provisioned } = JSON.parse(first.stdout)
  expect(provisioned).toBe(true)
  const { deviceSecret } = machine.config().servers[stub.url]
  expect(Buffer.from(deviceSecret, 'base64')).toHaveLength(32)
  noSecretIn(first, deviceSecret)
  await machine.run(['logout'])
  const again = await machine.run(['login', '--guest', '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ account: { id: account.id }, provisioned: false })
})

test("one server's tokens and guest secret are never sent to another", async () => {
  await machine.run(['login', '--guest'])
  const { deviceSecret, tokens } = machine.config().servers[stub.url]
  const other = await StubIdem.start()
  const shown = await machine.run(['whoami', '--json', '--url', other.url])
  expect(shown.exitCode).toBe(3)
  await machine.run(['login', '--guest', '--url', other.url])
  await other.stop()
  const seen = JSON.stringify(other.calls)
  for (const secret of [deviceSecret, tokens.accessToken, tokens.refreshToken])
    expect(seen).not.toContain(secret)
  expect(machine.config().url).toBe(other.url)
})

test('what the server says cannot steer the terminal', async () => {
  stub.refuseWith = { code: 'NOT_FOUND\u001b[2J' }
  const run = await machine.run(['login', '--guest'])
  expect(run.stderr).not.toContain('\u001b')
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
