// Accounts that were merged into another: their ids lead to it, nobody is let into them, and they are never purged.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { atOnce } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

let idem: TestService
let tables: Tables

beforeAll(async () => {
  idem = await startTestService()
  tables = await Tables.open(idem.databaseUrl)
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
})

const guest = async (): Promise<string> => (await signInAsGuest(idem)).accountId

/** What a merge will do to the two accounts themselves. */
const merge = async (absorbed: string, survivor: string | null): Promise<void> =>
  void (await tables.query('update account set merged_into_id = $2 where id = $1', [absorbed, survivor]))

const find = async (id: string): Promise<string | undefined> =>
  (await idem.foundation.accounts.find(idem.foundation.ownCall(), id))?.id

test('the id of a merged account leads to the one that it was merged into, and follows its changes', async () => {
  const { accounts, ownCall, notifications } = idem.foundation
  const [absorbed, survivor] = [await guest(), await guest()]
  await vi.waitFor(() => expect(notifications.trusted).toBe(true))
  expect(await find(absorbed)).toBe(absorbed)
  await merge(absorbed, survivor)
  await vi.waitFor(async () => expect(await find(absorbed)).toBe(survivor), 2_000)
  await ownCall().inTransaction(async (call) => {
    await accounts.lock(call, survivor)
    await accounts.changeProfile(call, survivor, { displayName: 'Ada' })
  })
  expect((await accounts.find(ownCall(), absorbed))?.displayName).toBe('Ada')
  await tables.query("update account set display_name = 'Grace' where id = $1", [survivor])
  await vi.waitFor(
    async () => expect((await accounts.find(ownCall(), absorbed))?.displayName).toBe('Grace'),
    2_000,
  )
  await merge(absorbed, null)
  await vi.waitFor(async () => expect(await find(absorbed)).toBe(absorbed), 2_000)
})

test('nobody is let into a merged account, and its owner changes nothing of it any more', async () => {
  const { accounts, auditLog, ownCall } = idem.foundation
  const [absorbed, survivor] = [await guest(), await guest()]
  const before = await tables.contents()
  const audit = auditLog.row(ownCall(), { action: 'session.started', accountId: absorbed })
  await merge(absorbed, survivor)
  const merged = await tables.contents()
  await expect(
    accounts.writeWhileOpen(ownCall(), { id: absorbed, level: 'aal0' }, audit),
  ).rejects.toMatchObject({
    code: 'CONFLICT',
  })
  const locked = ownCall().inTransaction(async (call) => await accounts.lock(call, absorbed))
  await expect(locked).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await tables.contents()).toEqual(merged)
  await merge(absorbed, null)
  expect(await tables.contents()).toEqual(before)
})

test('two who lock the same accounts the other way round never wait for each other', async () => {
  const { accounts, ownCall } = idem.foundation
  const ids = await Promise.all(Array.from({ length: 6 }, guest))
  await merge(ids[1] ?? '', ids[0] ?? '')
  const results = await atOnce(40, async (n) => {
    const wanted = n % 2 === 0 ? ids : ids.toReversed()
    return await ownCall().inTransaction(async (call) => await accounts.lockAll(call, wanted))
  })
  for (const locked of results) expect(locked.map(({ id }) => id)).toEqual(ids.toSorted())
  const nobody = ownCall().inTransaction(
    async (call) => await accounts.lockAll(call, [...ids, '01a211eb-0000-7000-8000-000000000000']),
  )
  await expect(nobody).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('the purge of guests leaves merged ones, and those that others were merged into', async () => {
  const { idleGuests, auditLog, ownCall } = idem.foundation
  const [absorbed, survivor, idle] = [await guest(), await guest(), await guest()]
  await merge(absorbed, survivor)
  idem.clock.advance(400 * 24 * 3_600)
  const call = ownCall()
  const audit = auditLog.row(call, { action: 'account.purged', accountId: null })
  await idleGuests.purge(call, { since: call.now, limit: 1_000 }, () => [audit])
  const left = await tables.query('select id from account where id = any($1)', [[absorbed, survivor, idle]])
  expect(left.map(({ id }) => id).toSorted()).toEqual([absorbed, survivor].toSorted())
})

test('the purge of guests leaves both accounts of a merge that was undone', async () => {
  const { idleGuests, auditLog, ownCall } = idem.foundation
  const sides = [await guest(), await guest()]
  await tables.query(
    `insert into merge (id, survivor_id, absorbed_id, rule, why, resolutions, proofs, before, after, merged_at,
       undoable_until, undone_at)
     values ('01a211eb-0000-7000-8000-000000000001', $1, $2, 'CHOSEN', 'Chosen.', '[]', '[]', '{}', '{}', now(),
       now(), now())`,
    sides,
  )
  idem.clock.advance(400 * 24 * 3_600)
  const call = ownCall()
  const audit = auditLog.row(call, { action: 'account.purged', accountId: null })
  await idleGuests.purge(call, { since: call.now, limit: 1_000 }, () => [audit])
  const left = await tables.query('select id from account where id = any($1)', [sides])
  expect(left).toHaveLength(2)
  await tables.query('delete from merge')
})

test('what a transaction changed and did not commit is believed by nobody, and what it committed at once', async () => {
  const { accounts, ownCall, notifications } = idem.foundation
  const id = await guest()
  await vi.waitFor(() => expect(notifications.trusted).toBe(true))
  const nameOf = async () => (await accounts.find(ownCall(), id))?.displayName
  const rename = async (displayName: string, end: () => void) =>
    await ownCall().inTransaction(async (call) => {
      await accounts.changeProfile(call, id, { displayName })
      expect((await accounts.find(call, id))?.displayName).toBe(displayName)
      end()
    })
  expect(await nameOf()).toBeNull()
  const failure = await rename('Mallory', () => {
    throw new Failure('NOT_FOUND')
  }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(await nameOf()).toBeNull()
  await rename('Ada', () => undefined)
  expect(await nameOf()).toBe('Ada')
})
