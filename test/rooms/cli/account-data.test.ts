// `idem export` and `idem delete-account`: what they print and write, what they ask, and that nothing is overwritten.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteDue, deletionSeconds } from '../../support/account-data.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let machine: TestMachine
let handle = ''
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())
beforeEach(async () => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
  handle = `leaver-${Math.random().toString(36).slice(2)}`
  const { file } = await machine.keygen('ada.pem')
  await machine.ask(['login', '--handle', handle, '--private-key', file])
})

const accountId = async (): Promise<string> => (await machine.ask(['whoami'])).account.id

test('the export is one JSON document, on standard output or in a new file that only its owner reads', async () => {
  const id = await accountId()
  const printed = await machine.run(['export'])
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' })
  const document = JSON.parse(printed.stdout)
  expect(document).toMatchObject({ accountId: id, accounts: [{ handle }], identities: [{ method: 'key' }] })
  expect(document).not.toHaveProperty('next')
  expect(await machine.ask(['export'])).toMatchObject({ accountId: id, accounts: [{ handle }] })
  const file = machine.file('account.json')
  expect(await machine.ask(['export', '--out', file])).toEqual({ accountId: id, file })
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ accountId: id })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, 'mine')
  const again = await machine.run(['export', '--out', file, '--json'])
  expect([again.exitCode, errorOf(again)['code'], readFileSync(file, 'utf8')]).toEqual([
    1,
    'FILE_EXISTS',
    'mine',
  ])
})

test('all pages are in it, and a text that a terminal would obey is escaped and not changed', async () => {
  const id = await accountId()
  const label = 'turned \u202e round'
  await idem.foundation.ownCall().inTransaction(async (call) => {
    await call.em.execute('update identity set label = ? where account_id = ?', [label, id])
    await call.em.execute(
      `insert into audit_entry (id, at, action, account_id, request_id, address, detail)
        select gen_random_uuid(), now(), 'session.refreshed', ?, 'r', '192.0.2.9', '{}' from generate_series(1, 2500)`,
      [id],
    )
  })
  const { stdout } = await machine.run(['export'])
  expect(stdout).not.toContain('\u202e')
  const { identities, auditEntries } = JSON.parse(stdout)
  expect(identities[0].label).toBe(label)
  expect(auditEntries.length).toBeGreaterThan(2_500)
  expect(new Set(auditEntries.map((entry: { id: string }) => entry.id)).size).toBe(auditEntries.length)
})

test('deleting asks at a terminal, and without one needs --yes; --cancel keeps the account', async () => {
  const id = await accountId()
  const refused = await machine.run(['delete-account', '--json'])
  expect([refused.exitCode, errorOf(refused)['code']]).toEqual([2, 'USAGE'])
  expect(await machine.run(['delete-account', '--yes', '--cancel'])).toMatchObject({ exitCode: 2 })
  const unsure = machine.open(['delete-account'])
  unsure.type('n')
  const no = await unsure.finished
  expect(no.stderr).toContain(`Delete the account ${handle} at ${idem.url} in 14 days? [y/N]`)
  expect(no.exitCode).toBe(2)
  expect((await machine.ask(['whoami'])).account.deletionDueAt).toBeNull()
  const sure = machine.open(['delete-account'])
  sure.type('y')
  const yes = await sure.finished
  expect(yes).toMatchObject({ exitCode: 0 })
  expect(yes.stdout).toMatch(
    /^The account leaver-\S+ will be deleted \S+ \d\d:\d\d UTC \(in 14 days\)\.\nTo keep it/,
  )
  expect((await machine.run(['whoami'])).stdout).toMatch(/Will be deleted +\S+ \S+ UTC \(in 14 days\)/)
  expect(errorOf(await machine.run(['delete-account', '--yes', '--json']))['code']).toBe('CONFLICT')
  expect(await machine.ask(['delete-account', '--cancel'])).toEqual({ cancelled: id })
  expect(errorOf(await machine.run(['delete-account', '--cancel', '--json']))['code']).toBe('CONFLICT')
  expect((await machine.run(['whoami'])).stdout).not.toContain('Will be deleted')
})

test('the key signs again where a recent proof is asked for; once deleted, it says that it opens nothing of it', async () => {
  const id = await accountId()
  idem.clock.advance(3_600)
  const { accountId: deleted, dueAt } = await machine.ask(['delete-account', '--yes'])
  expect([deleted, dueAt]).toEqual([
    id,
    new Date(idem.clock.now().getTime() + deletionSeconds * 1_000).toISOString(),
  ])
  idem.clock.advance(deletionSeconds)
  expect(await deleteDue(idem)).toBe(1)
  const after = await machine.run(['whoami', '--json'])
  expect([after.exitCode, errorOf(after)['code']]).toEqual([3, 'SIGNED_OUT'])
  expect(after.stderr).toContain(`no longer opens account ${id}`)
})
