// An undo restores both accounts as they were, but for what was changed or added since.
import { beforeAll, expect, test, vi } from 'vitest'
import { Call } from '../../../src/database/call.js'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { RestoredRows } from '../../../src/merge/restored-rows.js'
import { undoMerge } from '../../../src/merge/undo-merge.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { principalOf } from '../../../src/sessions/session.js'
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
const signUp = async () => {
  const owner = new KeyOwner(idem)
  return { owner, ...(await owner.signIn(`undone-${serial++}`)) }
}

const needs = () => ({ ...idem.foundation, random: systemRandom })

const merge = async (ownId: string, otherId: string) => {
  const request = { ownId, otherId, survivorId: null, choices: new Map(), proofs: [], session: null }
  return await mergeAccounts(idem.foundation.ownCall(), request, needs())
}

/** A call of the newest session of an owner, who signs in for it. */
const callOf = async (owner: KeyOwner): Promise<Call> => {
  const { accountId } = await owner.signIn()
  const { sessions, database } = idem.foundation
  const own = idem.foundation.ownCall()
  const [session] = await sessions.listOf(own, accountId)
  if (session === undefined) throw new Error('no session')
  return new Call(database, {
    ...own,
    principal: principalOf(session),
    now: own.now,
    requestId: own.requestId,
    source: own.source,
  })
}

/** Every row of the tables that a merge moves, by account. */
const rowsOf = async (...ids: readonly string[]) =>
  await tables.query(
    `select 'account' as "table", to_jsonb(a) as row from account a where id = any($1)
     union all select 'identity', to_jsonb(i) - 'last_used_at' from identity i where account_id = any($1)
     union all select 'handle', to_jsonb(h) from handle h where account_id = any($1)
     order by 1, 2`,
    [ids],
  )

test('a merge and its undo change nothing, whoever of the two undoes it', async () => {
  for (const by of ['survivor', 'absorbed'] as const) {
    const [first, second] = [await signUp(), await signUp()]
    const before = await rowsOf(first.accountId, second.accountId)
    const { merge: record } = await merge(second.accountId, first.accountId)
    const call = await callOf(by === 'survivor' ? first.owner : second.owner)
    const { merge: undone, plan } = await undoMerge(call, record.id, needs())
    expect(undone.undoneAt).not.toBeNull()
    expect(plan.stays).toEqual([])
    expect(await rowsOf(first.accountId, second.accountId)).toEqual(before)
  }
})

test('who locks an id that leads to one of the two does not wait for an undo that waits for it', async () => {
  const { accounts, ownCall } = idem.foundation
  const early = await signUp()
  const [middle, last] = [await signUp(), await signUp()]
  const chosen = async (ownId: string, otherId: string) => {
    const request = { ownId, otherId, choices: new Map(), proofs: [], session: null }
    return await mergeAccounts(ownCall(), { ...request, survivorId: otherId }, needs())
  }
  await chosen(early.accountId, middle.accountId)
  const { merge: record } = await chosen(middle.accountId, last.accountId)
  const waits: Promise<unknown>[] = []
  /** Puts back what it should, once another transaction waits for the locks of the undo. */
  class RowsBesideAnother extends RestoredRows {
    override async putBack(...at: Parameters<RestoredRows['putBack']>): Promise<void> {
      const ids = [early.accountId, last.accountId]
      waits.push(ownCall().inTransaction(async (call) => await accounts.lockAll(call, ids)))
      await vi.waitFor(async () => {
        const waiting = await tables.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        expect(waiting).toHaveLength(1)
      }, 4_000)
      await super.putBack(...at)
    }
  }
  const restoredRows = new RowsBesideAnother()
  await undoMerge(await callOf(middle.owner), record.id, { ...needs(), restoredRows })
  expect(await Promise.all(waits)).toHaveLength(1)
  const leading = await tables.query('select merged_into_id as "into" from account where id = $1', [
    early.accountId,
  ])
  expect(leading).toEqual([{ into: middle.accountId }])
})
