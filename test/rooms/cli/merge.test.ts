// `idem merge`, `idem merges` and `idem undo-merge`: two accounts of one person become one, and two again.

import { expect, test } from 'vitest'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type Conversation, errorOf, TestMachine } from './try-cli.js'

const { idem, tables } = await serviceOfFile()

let serial = 0

/** Somebody with a key and a handle, signed in at a machine. */
const settle = async (folder?: string) => {
  const machine = new TestMachine({
    url: idem.url,
    clock: idem.clock,
    ...(folder === undefined ? {} : { folder }),
  })
  const handle = `cli-${++serial}`
  const { file } = await machine.keygen(`${handle}.pem`)
  const { account } = await machine.ask(['login', '--private-key', file, '--handle', handle])
  return { machine, file, handle, id: account.id as string }
}

const accountAt = async (machine: TestMachine) => (await machine.ask(['whoami'])).account

const until = async (talk: Conversation, text: string): Promise<void> =>
  void (await expect.poll(talk.said, { timeout: 5_000 }).toContain(text))

test('the other account is proven by its key, the plan is shown, and what both have is asked for', async () => {
  const [one, two] = [await settle(), await settle()]
  const talk = one.machine.open(['merge', '--private-key', two.file])
  await until(talk, 'Keep which handle?')
  expect(talk.said()).toMatch(new RegExp(`stays +${one.handle} +person +\\d{4}-\\d\\d-\\d\\d +${one.id}`))
  expect(talk.said()).toMatch(new RegExp(`is merged +${two.handle} +person +\\S+ +${two.id}`))
  expect(talk.said()).toMatch(/older one survives/)
  expect(talk.said()).toMatch(new RegExp(`handle +${one.handle} +${two.handle}`))
  talk.type('2')
  await until(talk, `Merge ${two.handle} into ${one.handle}?`)
  talk.type('yes')
  const run = await talk.finished
  expect(run).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`Merged account ${two.id} into ${one.id}`),
  })
  expect(run.stdout).toMatch(/idem undo-merge [0-9a-f-]{36}/)
  expect(await accountAt(one.machine)).toMatchObject({ id: one.id, handle: two.handle })
  // The machine of the other account goes on in the survivor, by its own key.
  expect(await accountAt(two.machine)).toMatchObject({ id: one.id })
})

test('who is merged into an older account goes on there with the same login', async () => {
  const [older, own] = [await settle(), await settle()]
  const { merge } = await own.machine.ask(['merge', '--private-key', older.file, '--yes'])
  expect(merge).toMatchObject({
    survivorId: older.id,
    absorbedId: own.id,
    rule: 'OLDER_ACCOUNT',
    undoneAt: null,
  })
  expect(own.machine.kept.login).toMatchObject({ method: 'key', accountId: older.id })
  expect(await accountAt(own.machine)).toMatchObject({ id: older.id, handle: older.handle })
  await own.machine.ask(['logout'])
  expect(await own.machine.ask(['login', '--private-key', own.file])).toMatchObject({
    account: { id: older.id },
    provisioned: false,
  })
})

test('--survivor and --keep decide without a question', async () => {
  const [older, own] = [await settle(), await settle()]
  const { merge } = await own.machine.ask([
    'merge',
    '--private-key',
    older.file,
    '--survivor',
    'mine',
    '--keep',
    'handle=absorbed',
    '--yes',
  ])
  expect(merge).toMatchObject({ survivorId: own.id, absorbedId: older.id, rule: 'CHOSEN' })
  expect(await accountAt(own.machine)).toMatchObject({ id: own.id, handle: older.handle })
})

test('a guest becomes part of the account at once, with a session there', async () => {
  const person = await settle()
  const machine = new TestMachine({ url: idem.url, clock: idem.clock })
  const guest = await machine.ask(['login', '--guest'])
  const { merge } = await machine.ask(['merge', '--private-key', person.file])
  expect(merge).toMatchObject({
    survivorId: person.id,
    absorbedId: guest.account.id,
    rule: 'GUEST_INTO_ACCOUNT',
  })
  expect(machine.kept).toMatchObject({ deviceSecret: null, login: { method: 'key', accountId: person.id } })
  expect(await accountAt(machine)).toMatchObject({ id: person.id })
})

test('a guest that adds the key of an account becomes part of it too', async () => {
  const person = await settle()
  const machine = new TestMachine({ url: idem.url, clock: idem.clock })
  await machine.ask(['login', '--guest'])
  const { account } = await machine.ask(['keys', 'add', '--private-key', person.file])
  expect(account.id).toBe(person.id)
  expect(await accountAt(machine)).toMatchObject({ id: person.id })
})

test('a person who adds the key of another account is told how to merge, and nothing changes', async () => {
  const [one, two] = [await settle(), await settle()]
  const before = await tables.counts()
  const run = await one.machine.run(['keys', 'add', '--private-key', two.file, '--json'])
  expect(errorOf(run)).toMatchObject({
    code: 'CONFLICT',
    next: expect.stringContaining('idem merge --private-key'),
  })
  expect((await tables.counts())['identity']).toBe(before['identity'])
})

test('a proof that led to no account is added', async () => {
  const { machine, id } = await settle()
  const { file, publicKey } = await machine.keygen('unknown.pem')
  const answer = await machine.ask(['merge', '--private-key', file, '--yes'])
  expect(answer).toMatchObject({ merge: null, linked: { subject: publicKey }, account: { id } })
})

test('nothing is merged without a yes', async () => {
  const [one, two] = [await settle(), await settle()]
  const silent = await one.machine.run(['merge', '--private-key', two.file, '--json'])
  expect(silent.exitCode).toBe(2)
  const talk = one.machine.open(['merge', '--private-key', two.file])
  await until(talk, 'Keep which handle?')
  talk.type('')
  await until(talk, '[y/N]')
  talk.type('no')
  expect(await talk.finished).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Nothing was merged.'),
  })
  expect(await accountAt(two.machine)).toMatchObject({ id: two.id })
  expect(await accountAt(one.machine)).toMatchObject({ id: one.id })
})

test.each([
  [['--keep', 'HANDLE']],
  [['--keep', 'HANDLE=mine']],
  [['--keep', 'SHOE=survivor']],
  [['--keep', 'HANDLE=survivor', '--keep', 'handle=absorbed']],
  [['--keep', 'TOTP=absorbed']],
  [['--survivor', 'nobody']],
  [['--email', 'a@example.org']],
  [['--chain', '10']],
])('idem merge with %j is a usage error, and nothing is merged', async (words) => {
  const [one, two] = [await settle(), await settle()]
  const run = await one.machine.run(['merge', '--private-key', two.file, '--yes', ...words, '--json'])
  expect(run).toMatchObject({ exitCode: 2, stdout: '' })
  expect(await accountAt(two.machine)).toMatchObject({ id: two.id })
})

test('without a proof of the other account it says which ones there are', async () => {
  const { machine } = await settle()
  const run = await machine.run(['merge', '--yes', '--json'])
  expect(errorOf(run)).toMatchObject({
    code: 'KEY_MISSING',
    next: expect.stringContaining('--email ADDRESS'),
  })
})

test('an account cannot be merged with itself', async () => {
  const { machine, file } = await settle()
  const run = await machine.run(['merge', '--private-key', file, '--yes', '--json'])
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toMatchObject({ code: 'CONFLICT' })
})

test('merges are listed with their proofs and their end; an undo shows what comes back and what stays', async () => {
  const [one, two] = [await settle(), await settle()]
  const { merge } = await one.machine.ask(['merge', '--private-key', two.file, '--yes'])
  const { merges } = await one.machine.ask(['merges'])
  expect(merges).toMatchObject([{ id: merge.id, absorbedId: two.id, acknowledgements: [], undoneAt: null }])
  expect(merges[0].proofs.map(({ method }: { method: string }) => method)).toEqual(['key', 'key'])
  const { stdout } = await one.machine.run(['merges'])
  expect(stdout).toMatch(new RegExp(`key \\+ key +until \\d{4}-\\d\\d-\\d\\d +- +${merge.id}\n$`))
  const laptop = await one.machine.keygen('laptop.pem')
  await one.machine.ask(['keys', 'add', '--private-key', laptop.file, '--label', 'laptop'])
  const refused = await one.machine.run(['undo-merge', merge.id])
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Nothing was undone.') })
  const talk = one.machine.open(['undo-merge', merge.id])
  await until(talk, 'Undo it?')
  expect(talk.said()).toContain('It gets back:')
  expect(talk.said()).toContain('The survivor keeps, of what came since:')
  talk.type('y')
  expect(await talk.finished).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Undone.') })
  expect(await accountAt(one.machine)).toMatchObject({ id: one.id, handle: one.handle })
  const again = await two.machine.ask(['login', '--private-key', two.file])
  expect(again.account).toMatchObject({ id: two.id, handle: two.handle })
  expect((await one.machine.run(['merges'])).stdout).toMatch(/undone \d{4}-\d\d-\d\d/)
  const twice = await one.machine.run(['undo-merge', merge.id, '--yes', '--json'])
  expect(errorOf(twice)).toMatchObject({ code: 'CONFLICT' })
})

test('who undoes by what goes back goes on in the account that has it again', async () => {
  const [older, own] = [await settle(), await settle()]
  const { merge } = await own.machine.ask(['merge', '--private-key', older.file, '--yes'])
  await own.machine.ask(['undo-merge', merge.id, '--yes'])
  expect(own.machine.kept.login).toMatchObject({ accountId: own.id })
  expect(await accountAt(own.machine)).toMatchObject({ id: own.id, handle: own.handle })
})

test('without merges it says so', async () => {
  const { machine } = await settle()
  expect(await machine.run(['merges'])).toMatchObject({
    exitCode: 0,
    stdout: 'Nothing was merged into this account.\n',
  })
})
