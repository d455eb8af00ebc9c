// A merge moves everything of one account to another.
import { beforeAll, expect, test } from 'vitest'
import type { MergeField } from '../../../src/merge/merge.js'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { KeyOwner } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

let idem: TestService
let tables: Tables

beforeAll(async () => {
  idem = await startTestService()
  tables = await Tables.open(idem.databaseUrl)
  return async () => {
    await tables.close()
    await idem.stop()
  }
})

let serial = 0
const signUp = async () => await new KeyOwner(idem).signIn(`merged-${serial++}`)

const merge = async (
  ownId: string,
  otherId: string,
  choices: ReadonlyMap<MergeField, string> = new Map(),
) => {
  const { foundation } = idem
  const request = { ownId, otherId, survivorId: null, choices, proofs: [], session: null }
  return await mergeAccounts(foundation.ownCall(), request, { ...foundation, random: systemRandom })
}

test('the older person survives, with both identities and handles, and the other id leads there', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const { merge: record, survivor } = await merge(second.accountId, first.accountId)
  expect(record).toMatchObject({
    survivor: first.accountId,
    absorbed: second.accountId,
    rule: 'OLDER_ACCOUNT',
  })
  expect(survivor).toMatchObject({ id: first.accountId, handle: 'merged-0' })
  const owners = await tables.query(
    'select account_id as id from identity union all select account_id from handle',
  )
  expect(owners.map(({ id }) => id)).toEqual(Array(4).fill(first.accountId))
  const [absorbed] = await tables.query('select merged_into_id as "to", handle from account where id = $1', [
    second.accountId,
  ])
  expect(absorbed).toEqual({ to: first.accountId, handle: null })
  const [named] = await tables.query('select absorbed_ids as ids from account where id = $1', [
    first.accountId,
  ])
  expect(named.ids).toEqual([second.accountId])
})
