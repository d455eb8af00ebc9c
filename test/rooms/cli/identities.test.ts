// Everything that opens an account: listed with labels and last use, renamed and removed by any of its names.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestService, type TestService } from '../../support/start-service.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let machine: TestMachine
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())
beforeEach(() => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
})

const signedIn = async () => {
  const key = await machine.keygen('ada.pem')
  await machine.ask(['login', '--private-key', key.file])
  return key
}

const addKey = async (name: string) => {
  const key = await machine.keygen(`${name}.pem`)
  await machine.ask(['keys', 'add', '--private-key', key.file, '--label', name])
  return key
}

const list = async () => (await machine.ask(['identities'])).identities

test('all identities are listed with their kind, label and last use; that of this login is marked', async () => {
  const own = await signedIn()
  const laptop = await addKey('laptop')
  const addedAt = idem.clock.now().toISOString()
  idem.clock.advance(3_600)
  await machine.ask(['login', '--private-key', laptop.file])
  expect(await list()).toMatchObject([
    { method: 'key', subject: own.publicKey, label: null, lastUsedAt: addedAt, isOwn: false },
    {
      subject: laptop.publicKey,
      label: 'laptop',
      lastUsedAt: idem.clock.now().toISOString(),
      isOwn: true,
    },
  ])
  const { stdout } = await machine.run(['identities'])
  expect(stdout).toMatch(/WHAT +LABEL +SUBJECT +ADDED +LAST USED +ID\n +Ed25519 key +-/)
  expect(stdout).toMatch(
    /\n\* +Ed25519 key +laptop +\S+= +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d \d\d:\d\d +\S+\n$/,
  )
})

test("a guest's subject, which says nothing, is not shown", async () => {
  await machine.ask(['login', '--guest'])
  const [{ subject }] = await list()
  const { stdout } = await machine.run(['identities'])
  expect(stdout).toMatch(/guest device +- +- /)
  expect(stdout).not.toContain(subject)
})

test('an identity is renamed by its label, by its key in another spelling and by its id', async () => {
  await signedIn()
  const { publicKey } = await addKey('laptop')
  const rename = async (word: string, label: string) =>
    (await machine.ask(['identities', 'rename', word, label])).identity
  expect(await rename('laptop', 'old laptop')).toMatchObject({ subject: publicKey, label: 'old laptop' })
  const hex = Buffer.from(publicKey, 'base64').toString('hex')
  const { id, label } = await rename(hex, 'work')
  expect(label).toBe('work')
  expect(await rename(id, '')).toMatchObject({ label: null })
  const { stdout } = await machine.run(['identities', 'rename', id, 'again'])
  expect(stdout).toBe(`It is called again now: Ed25519 key (id ${id}).\n`)
})

test('a label that the server refuses is a usage error, and the old one stays', async () => {
  await signedIn()
  await addKey('laptop')
  const run = await machine.run(['identities', 'rename', 'laptop', 'a'.repeat(101), '--json'])
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'label' })
  expect((await list()).map(({ label }: { label: string }) => label)).toEqual([null, 'laptop'])
})

test('an unknown name and one that two identities have are told apart', async () => {
  await signedIn()
  for (const name of ['one', 'two']) await addKey(name)
  await machine.ask(['identities', 'rename', 'two', 'one'])
  for (const [word, message] of [
    ['nobody', 'This account has no such identity.'],
    ['one', 'Several identities have this name.'],
  ] as const) {
    const run = await machine.run(['identities', 'remove', word, '--json'])
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)).toMatchObject({ code: 'NO_SUCH_IDENTITY', message })
  }
})

test('an identity is removed after a fresh proof; removing that of this login signs out', async () => {
  const own = await signedIn()
  const laptop = await addKey('laptop')
  await addKey('phone')
  idem.clock.advance(601)
  const removed = await machine.ask(['identities', 'remove', 'laptop'])
  expect(removed).toMatchObject({ removed: { subject: laptop.publicKey }, signedOut: false })
  const run = await machine.run(['identities', 'remove', own.publicKey])
  expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('you are signed out') })
  expect(machine.kept).toMatchObject({ login: null, tokens: null })
})

test('the last identity stays, and what to do is said', async () => {
  const { publicKey } = await signedIn()
  const run = await machine.run(['identities', 'remove', publicKey, '--json'])
  expect(errorOf(run)).toMatchObject({
    code: 'LAST_IDENTITY',
    next: expect.stringContaining('idem keys add'),
  })
})
