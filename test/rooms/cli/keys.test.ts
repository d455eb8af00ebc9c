// The keychain: listing, adding, removing, and the proofs that the server asks for on the way.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let wire: Wiretap
let machine: TestMachine
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  machine = new TestMachine({ url: wire.url, clock: idem.clock })
})

const signedIn = async () => {
  const key = await machine.keygen('ada.pem')
  await machine.ask(['login', '--private-key', key.file])
  return key
}

const addKey = async (name: string, ...words: string[]) => {
  const key = await machine.keygen(name)
  await machine.ask(['keys', 'add', '--private-key', key.file, ...words])
  return key
}

const listKeys = async () => (await machine.ask(['keys', 'list'])).keys

/** Longer than the service is content with one proof. */
const tooLongAgo = () => idem.clock.advance(601)

test('a further key joins, is listed, opens the same account, and is removed by its label', async () => {
  const { file, publicKey } = await signedIn()
  const laptop = await machine.keygen('laptop.pem')
  const added = await machine.run(['keys', 'add', '--private-key', laptop.file, '--label', 'laptop'])
  expect(added).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(laptop.publicKey) })
  expect(await listKeys()).toMatchObject([
    { publicKey, label: null, isOwn: true },
    { publicKey: laptop.publicKey, label: 'laptop', isOwn: false },
  ])
  const { stdout } = await machine.run(['keys', 'list'])
  expect(stdout).toMatch(/LABEL +PUBLIC KEY +ADDED +ID\n\* +-/)
  expect(await machine.ask(['login', '--private-key', laptop.file])).toMatchObject({ provisioned: false })
  await machine.ask(['login', '--private-key', file])
  expect(await machine.ask(['keys', 'remove', 'laptop'])).toMatchObject({
    removed: { publicKey: laptop.publicKey },
    signedOut: false,
  })
  expect(await listKeys()).toHaveLength(1)
})

test('a key is removed by its id, and by its public key in another spelling', async () => {
  await signedIn()
  const [one, two] = [await addKey('one.pem'), await addKey('two.pem')]
  const { id } = (await listKeys()).find((key: { publicKey: string }) => key.publicKey === one.publicKey)
  const hex = Buffer.from(two.publicKey, 'base64').toString('hex')
  for (const word of [id, hex]) await machine.ask(['keys', 'remove', word])
  expect(await listKeys()).toHaveLength(1)
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
  for (const name of ['one.pem', 'two.pem']) await addKey(name, '--label', 'same')
  const ambiguous = await machine.run(['keys', 'remove', 'same', '--json'])
  expect(errorOf(ambiguous)).toMatchObject({ message: 'Several keys have this label.' })
  expect(await listKeys()).toHaveLength(3)
})

test('a label that a lenient server kept cannot steer the terminal of whoever lists the keys', async () => {
  await signedIn()
  await addKey('new.pem', '--label', 'harmless')
  const tables = await Tables.open(idem.databaseUrl)
  await tables.query("update identity set label = 'evil\u202Eelif' where label = 'harmless'")
  await tables.close()
  const { stdout } = await machine.run(['keys', 'list'])
  expect(stdout).toContain('evil')
  expect(stdout).not.toContain('\u202E')
})

test('removing the key of this login signs out', async () => {
  const { publicKey } = await signedIn()
  await addKey('new.pem')
  const { accessToken } = machine.kept.tokens
  const run = await machine.run(['keys', 'remove', publicKey])
  expect(run.stdout).toContain('you are signed out')
  expect(machine.kept).toMatchObject({ login: null, tokens: null })
  expect((await idem.askAs(accessToken, '{ me { id } }')).status).toBe(401)
})

test('a key of somebody else is a conflict', async () => {
  await signedIn()
  const eve = await machine.keygen('eve.pem')
  await new TestMachine({ url: wire.url, clock: idem.clock }).ask(['login', '--private-key', eve.file])
  const run = await machine.run(['keys', 'add', '--private-key', eve.file, '--json'])
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({ code: 'CONFLICT' })
})

test('a step-up is given with the remembered key, once, and the call repeated', async () => {
  await signedIn()
  tooLongAgo()
  const { file } = await machine.keygen('new.pem')
  wire.forget()
  const run = await machine.run(['keys', 'add', '--private-key', file])
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('recent proof')
  expect(wire.operations).toEqual([
    'IssueChallenge',
    'LinkIdentity',
    'IssueChallenge',
    'StepUp',
    'IssueChallenge',
    'LinkIdentity',
  ])
  expect(await machine.run(['keys', 'remove', (await machine.keygen('other.pem')).publicKey])).toMatchObject({
    exitCode: 1,
    stderr: expect.not.stringContaining('recent proof'),
  })
})

test('a step-up without a key at hand ends with 6, and --sign-with gives it', async () => {
  const { file } = await machine.keygen('ada.pem')
  await machine.ask(['login', '--private-key', '-'], { stdin: readFileSync(file, 'utf8') })
  tooLongAgo()
  const add = ['keys', 'add', '--private-key', (await machine.keygen('new.pem')).file, '--json']
  const refused = await machine.run(add)
  expect(refused.exitCode).toBe(6)
  expect(errorOf(refused)).toMatchObject({
    code: 'KEY_MISSING',
    next: expect.stringContaining('--sign-with'),
  })
  expect((await machine.run([...add, '--sign-with', file])).exitCode).toBe(0)
})

test('a proof by a key that is not of this account is refused, and nothing is asked a third time', async () => {
  await signedIn()
  const { file } = await machine.keygen('new.pem')
  tooLongAgo()
  const wrong = await machine.run(['keys', 'add', '--private-key', file, '--sign-with', file, '--json'])
  expect(wrong.exitCode).toBe(5)
  expect(wire.operations.filter((operation) => operation === 'LinkIdentity')).toHaveLength(1)
})

test('a guest who adds a key keeps the account, and the key speaks for it from then on', async () => {
  const { account } = await machine.ask(['login', '--guest'])
  const { file, publicKey } = await machine.keygen('ada.pem')
  const added = await machine.ask(['keys', 'add', '--private-key', file])
  expect(added.account).toMatchObject({ id: account.id, kind: 'PERSON' })
  expect(machine.kept).toMatchObject({
    login: { method: 'key', accountId: account.id, publicKey, privateKeyFile: file },
    deviceSecret: null,
  })
  idem.clock.advance(31 * 60)
  const whoami = await machine.run(['whoami', '--json'])
  expect(JSON.parse(whoami.stdout).account.id).toBe(account.id)
  expect(wire.operations).toContain('SignIn')
})
