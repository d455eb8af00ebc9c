// The keychain: listing, adding, removing, and the proofs that the server asks for on the way.

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StubIdem } from './stub-idem.js'
import { errorOf, freshFolder, machineIn } from './try-cli.js'

let stub: StubIdem
let machine: ReturnType<typeof machineIn>
beforeEach(async () => {
  stub = await StubIdem.start()
  machine = machineIn(freshFolder(), stub.url)
})
afterEach(() => stub.stop())

const keygen = async (name: string): Promise<{ file: string; publicKey: string }> => {
  const { stdout } = await machine.run(['keygen', '--out', machine.file(name), '--json'])
  return { file: machine.file(name), publicKey: JSON.parse(stdout).publicKey }
}

const signedIn = async () => {
  const key = await keygen('ada.pem')
  await machine.run(['login', '--handle', 'ada', '--private-key', key.file])
  return key
}

const keys = async () => JSON.parse((await machine.run(['keys', 'list', '--json'])).stdout).keys

test('a further key joins, is listed, opens the same account, and is removed by its label', async () => {
  const { publicKey } = await signedIn()
  const laptop = await keygen('laptop.pem')
  const added = await machine.run(['keys', 'add', '--private-key', laptop.file, '--label', 'laptop'])
  expect(added).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(laptop.publicKey) })
  expect(await keys()).toMatchObject([
    { publicKey, label: null, isOwn: true },
    { publicKey: laptop.publicKey, label: 'laptop', isOwn: false },
  ])
  const { stdout } = await machine.run(['keys', 'list'])
  expect(stdout).toMatch(/LABEL +PUBLIC KEY +ADDED +ID\n\* +-/)
  const login = await machine.run(['login', '--handle', 'ada', '--private-key', laptop.file, '--json'])
  expect(JSON.parse(login.stdout).provisioned).toBe(false)
  await machine.run(['login', '--handle', 'ada', '--private-key', machine.file('ada.pem')])
  const removed = await machine.run(['keys', 'remove', 'laptop', '--json'])
  expect(JSON.parse(removed.stdout)).toMatchObject({
    removed: { publicKey: laptop.publicKey },
    signedOut: false,
  })
  expect(await keys()).toHaveLength(1)
})

test('a key is removed by its id, and by its public key in another spelling', async () => {
  await signedIn()
  for (const spell of [
    async (key: string) => (await keys()).find((one: { publicKey: string }) => one.publicKey === key).id,
    async (key: string) => Buffer.from(key, 'base64').toString('hex'),
  ]) {
    const { file, publicKey } = await keygen(`${Math.random()}.pem`)
    await machine.run(['keys', 'add', '--private-key', file])
    expect((await machine.run(['keys', 'remove', await spell(publicKey)])).exitCode).toBe(0)
    expect(await keys()).toHaveLength(1)
  }
})

test('the last key stays, and what to do is said', async () => {
  const { publicKey } = await signedIn()
  const run = await machine.run(['keys', 'remove', publicKey, '--json'])
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({
    code: 'LAST_IDENTITY',
    next: expect.stringContaining('idem keys add'),
  })
})

test('an unknown key and a label that two keys have are told apart', async () => {
  await signedIn()
  const unknown = await machine.run(['keys', 'remove', 'nobody', '--json'])
  expect(errorOf(unknown)).toMatchObject({ code: 'NO_SUCH_KEY', message: 'This account has no such key.' })
  for (const name of ['one.pem', 'two.pem']) {
    await machine.run(['keys', 'add', '--private-key', (await keygen(name)).file, '--label', 'same'])
  }
  const ambiguous = await machine.run(['keys', 'remove', 'same', '--json'])
  expect(errorOf(ambiguous)).toMatchObject({ message: 'Several keys have this label.' })
  expect(await keys()).toHaveLength(3)
})

test('removing the key of this login signs out', async () => {
  const { publicKey } = await signedIn()
  await machine.run(['keys', 'add', '--private-key', (await keygen('new.pem')).file])
  const run = await machine.run(['keys', 'remove', publicKey])
  expect(run.stdout).toContain('you are signed out')
  expect(machine.config().servers[stub.url]).toMatchObject({ login: null, tokens: null })
  expect(stub.sessions.size).toBe(0)
})

test('a key of somebody else is a conflict', async () => {
  await signedIn()
  const eve = await keygen('eve.pem')
  const other = machineIn(freshFolder(), stub.url)
  await other.run(['login', '--private-key', eve.file])
  const run = await machine.run(['keys', 'add', '--private-key', eve.file, '--json'])
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({ code: 'CONFLICT' })
})

test('a step-up is given with the remembered key, once, and the call repeated', async () => {
  await signedIn()
  stub.needsStepUp = true
  const run = await machine.run(['keys', 'add', '--private-key', (await keygen('new.pem')).file])
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('recent proof')
  expect(stub.operations.filter((operation) => operation === 'StepUp')).toHaveLength(1)
  expect(stub.calls.find(({ variables }) => variables.purpose === 'STEP_UP')?.bearer).toMatch(/^access\./)
})

test('a step-up without a key at hand ends with 6, and --sign-with gives it', async () => {
  const { file } = await keygen('ada.pem')
  const stdin = readFileSync(file, 'utf8')
  await machine.run(['login', '--handle', 'ada', '--private-key', '-'], { stdin })
  stub.needsStepUp = true
  const add = ['keys', 'add', '--private-key', (await keygen('new.pem')).file, '--json']
  const refused = await machine.run(add)
  expect(refused.exitCode).toBe(6)
  expect(errorOf(refused)).toMatchObject({
    code: 'KEY_MISSING',
    next: expect.stringContaining('--sign-with'),
  })
  expect((await machine.run([...add, '--sign-with', file])).exitCode).toBe(0)
})

test('a server that is not content with the step-up is not asked a third time', async () => {
  await signedIn()
  const { file } = await keygen('new.pem')
  stub.needsStepUp = true
  const wrong = await machine.run(['keys', 'add', '--private-key', file, '--sign-with', file, '--json'])
  expect(wrong.exitCode).toBe(5)
  expect(stub.operations.filter((operation) => operation === 'LinkIdentity')).toHaveLength(1)
})

test('a guest who adds a key keeps the account, and the key speaks for it from then on', async () => {
  const { stdout } = await machine.run(['login', '--guest', '--json'])
  const { file, publicKey } = await keygen('ada.pem')
  const added = await machine.run(['keys', 'add', '--private-key', file, '--json'])
  expect(JSON.parse(added.stdout).account).toMatchObject({
    id: JSON.parse(stdout).account.id,
    kind: 'PERSON',
  })
  expect(machine.config().servers[stub.url]).toMatchObject({
    login: { method: 'key', publicKey, privateKeyFile: file },
    deviceSecret: null,
  })
  stub.sessions.clear()
  const whoami = await machine.run(['whoami', '--json'])
  expect(JSON.parse(whoami.stdout).account.id).toBe(JSON.parse(stdout).account.id)
})
