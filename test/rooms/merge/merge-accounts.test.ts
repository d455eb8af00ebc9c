// A merge moves everything of one account to another, by written rules, and journals what it did.
import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { Transaction } from '../../../src/database/transaction.js'
import { Failure } from '../../../src/failure.js'
import { newIdentity } from '../../../src/identities/identity.js'
import type { MergeField } from '../../../src/merge/merge.js'
import { type MergeRequest, mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { askMe, atOnce, codeOf, untilRefused } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest, trySignInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

let serial = 0
const signUp = async (): Promise<SignedIn> => await new KeyOwner(idem).signIn(`merged-${serial++}`)

const merge = async (
  ownId: string,
  otherId: string,
  more: Partial<Pick<MergeRequest, 'survivorId' | 'choices' | 'proofs' | 'session'>> = {},
  ...agree: Parameters<typeof mergeAccounts>[3][]
) => {
  const { foundation } = idem
  const request = { ownId, otherId, survivorId: null, choices: new Map(), proofs: [], session: null, ...more }
  return await mergeAccounts(foundation.ownCall(), request, { ...foundation, random: systemRandom }, ...agree)
}

const choose = (from: string, ...fields: readonly MergeField[]) => ({
  choices: new Map(fields.map((field) => [field, from])),
})

/** Gives an account a password, which is no password that anybody could give. Returns the identity's id. */
const givePassword = async (accountId: string): Promise<string> => {
  const call = idem.foundation.ownCall()
  const proven = { method: 'password', issuer: 'password', subject: accountId }
  const facts = { account: accountId, ...proven, label: null, createdAt: call.now }
  const id = systemRandom.uuid()
  const credential = { hash: 'none', version: id }
  await call.write(idem.foundation.identities.row(newIdentity({ id, ...facts, credential })))
  await tables.query(`update account set level = 'aal2' where id = $1`, [accountId])
  return id
}

const giveFactor = async (accountId: string, kind: string, confirmed = true): Promise<string> => {
  const id = randomUUID()
  await tables.query(
    `insert into second_factor (id, account_id, kind, credential, created_at, confirmed_at)
     values ($1, $2, $3, '{}', now(), case when $4 then now() end)`,
    [id, accountId, kind, confirmed],
  )
  return id
}

const giveDevice = async (accountId: string, publicKey: string, createdAt = new Date()): Promise<string> => {
  const id = randomUUID()
  const values = [id, accountId, publicKey, createdAt]
  await tables.query(
    'insert into device (id, account_id, public_key, created_at) values ($1, $2, $3, $4)',
    values,
  )
  return id
}

const idsOf = async (table: string, accountId: string): Promise<string[]> =>
  (await tables.query(`select id from ${table} where account_id = $1 order by id`, [accountId])).map(
    ({ id }) => id,
  )

const journalOf = async (mergeId: string, table: string) =>
  await tables.query(
    'select side, row_key as id, fate, row from merge_row where merge_id = $1 and table_name = $2',
    [mergeId, table],
  )

const accountOf = async (id: string) =>
  (
    await tables.query(
      `select handle, level, merged_into_id as "mergedInto", absorbed_ids as "absorbedIds" from account where id = $1`,
      [id],
    )
  )[0]

const codeOfError = (error: unknown): string => (error instanceof Failure ? error.code : String(error))

test('the older person survives, with both identities and handles, and the other id leads there', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const [mine, theirs] = [await accountOf(first.accountId), await accountOf(second.accountId)]
  const { merge: record, survivor } = await merge(second.accountId, first.accountId)
  expect(record).toMatchObject({
    survivor: first.accountId,
    absorbed: second.accountId,
    rule: 'OLDER_ACCOUNT',
  })
  expect(survivor).toMatchObject({ id: first.accountId, handle: mine.handle })
  expect(await idsOf('identity', first.accountId)).toHaveLength(2)
  expect(await idsOf('identity', second.accountId)).toEqual([])
  const handles = await tables.query(
    'select account_id, given_up_at is null as used, kept_since is not null as kept from handle where name = any($1) order by name',
    [[mine.handle, theirs.handle]],
  )
  expect(handles).toEqual([
    { account_id: first.accountId, used: true, kept: true },
    { account_id: first.accountId, used: false, kept: true },
  ])
  expect(await accountOf(second.accountId)).toMatchObject({ mergedInto: first.accountId, handle: null })
  expect((await accountOf(first.accountId)).absorbedIds).toEqual([second.accountId])
  const journal = await journalOf(record.id, 'identity')
  expect(journal.map(({ side, fate }) => `${side} ${fate}`).sort()).toEqual([
    'absorbed moved',
    'survivor held',
  ])
  for (const { id, row } of journal) expect(row.id).toBe(id)
})

test('tokens of the absorbed account are refused within a second, those of the survivor hold', async () => {
  const [first, second] = [await signUp(), await signUp()]
  expect((await askMe(idem, second.accessToken)).status).toBe(200)
  await merge(second.accountId, first.accountId)
  await untilRefused(idem, second.accessToken)
  expect((await askMe(idem, first.accessToken)).data.me.id).toBe(first.accountId)
  const [entry] = await tables.query(
    `select detail from audit_entry where action = 'account.merged' and account_id = $1`,
    [first.accountId],
  )
  expect(entry.detail).toMatchObject({
    absorbedId: second.accountId,
    endedSessions: 1,
    ids: [{ from: second.accountId, to: first.accountId }],
    why: 'Both accounts are persons, so the older one survives.',
  })
})

test('the cache of this process names the absorbed id at once, also where no column of the survivor changes', async () => {
  const { accounts, ownCall, notifications } = idem.foundation
  const [first, second] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  await vi.waitFor(() => expect(notifications.trusted).toBe(true))
  for (const { accountId } of [first, second]) await accounts.find(ownCall(), accountId)
  await merge(second.accountId, first.accountId)
  expect((await accounts.find(ownCall(), first.accountId))?.absorbedIds).toEqual([second.accountId])
  expect((await accounts.find(ownCall(), second.accountId))?.id).toBe(first.accountId)
})

test("a guest's identity is not moved, and its secret opens nothing any more", async () => {
  const deviceSecret = Buffer.alloc(32, 'guest').toString('base64')
  const person = await signUp()
  const guest = await signInAsGuest(idem, { deviceSecret })
  const { merge: record } = await merge(guest.accountId, person.accountId)
  expect(record.rule).toBe('GUEST_INTO_ACCOUNT')
  expect(await idsOf('identity', person.accountId)).toHaveLength(1)
  expect(await idsOf('identity', guest.accountId)).toEqual([])
  expect(codeOf(await trySignInAsGuest(idem, { deviceSecret }))).toBe('PROOF_REJECTED')
  const journal = await journalOf(record.id, 'identity')
  expect(journal.filter(({ fate }) => fate === 'removed')).toHaveLength(1)
})

test('of two guests the survivor keeps its identity', async () => {
  const [one, two] = [await signInAsGuest(idem), await signInAsGuest(idem)]
  const { survivor } = await merge(two.accountId, one.accountId)
  expect(survivor).toMatchObject({ id: one.accountId, kind: 'ANONYMOUS', level: 'aal0' })
  expect(await idsOf('identity', one.accountId)).toHaveLength(1)
})

test.each([
  ['the survivor’s password stays unless', false],
  ['the absorbed account’s password is chosen', true],
])('%s: one row, which belongs to the survivor', async (_, chosen) => {
  const [first, second] = [await signUp(), await signUp()]
  const [mine, theirs] = [await givePassword(first.accountId), await givePassword(second.accountId)]
  const { merge: record } = await merge(
    first.accountId,
    second.accountId,
    chosen ? choose(second.accountId, 'PASSWORD') : {},
  )
  const left = await tables.query(
    `select id, account_id as account, subject from identity where id = any($1)`,
    [[mine, theirs]],
  )
  const kept = chosen ? theirs : mine
  expect(left).toEqual([{ id: kept, account: first.accountId, subject: first.accountId }])
  const journal = await journalOf(record.id, 'identity')
  const removed = journal.filter(({ fate }) => fate === 'removed')
  expect(removed.map(({ id }) => id)).toEqual([chosen ? mine : theirs])
  // What the password was checked against, for the undo.
  expect(removed[0].row.credential).toMatchObject({ hash: 'none' })
})

test('sessions that a removed password of the survivor has opened end; the one that merges goes on', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const password = await givePassword(first.accountId)
  await givePassword(second.accountId)
  const rows = await tables.query('update session set identity_id = $2 where account_id = $1 returning id', [
    first.accountId,
    password,
  ])
  const copy = randomUUID()
  await tables.query(
    `insert into session select (jsonb_populate_record(s, jsonb_build_object('id', $2::text))).*
     from session s where id = $1`,
    [rows[0].id, copy],
  )
  const [identityId] = await tables.query(
    `select id from identity where account_id = $1 and method = 'key'`,
    [second.accountId],
  )
  const proof = { accountId: second.accountId, identityId: identityId.id, method: 'key', amr: ['hwk'] }
  await merge(first.accountId, second.accountId, {
    ...choose(second.accountId, 'PASSWORD'),
    session: { id: rows[0].id, acr: 'aal2' },
    proofs: [{ ...proof, at: new Date().toISOString() }],
  })
  const sessions = await tables.query(
    'select id, identity_id as identity, ended_at is null as live from session where id = any($1) order by id = $2',
    [[rows[0].id, copy], copy],
  )
  expect(sessions).toEqual([
    { id: rows[0].id, identity: identityId.id, live: true },
    { id: copy, identity: null, live: false },
  ])
})

test('a merging session whose account is absorbed is carried over; its old tokens are refused', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const [session] = await tables.query('select id from session where account_id = $1', [second.accountId])
  const proof = { accountId: first.accountId, identityId: null, method: 'key', amr: ['hwk', 'mfa'] }
  await merge(second.accountId, first.accountId, {
    session: { id: session.id, acr: 'aal2' },
    proofs: [{ ...proof, at: new Date().toISOString() }],
  })
  await untilRefused(idem, second.accessToken)
  const [now] = await tables.query(
    'select account_id as account, acr, amr, ended_at as "endedAt" from session where id = $1',
    [session.id],
  )
  expect(now).toMatchObject({ account: first.accountId, acr: 'aal2', endedAt: null })
  expect(now.amr).toEqual(expect.arrayContaining(['hwk', 'mfa']))
})

test('second factors: the chosen TOTP, one set of codes, no enrolment of the absorbed; the level follows', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const ids = {
    mine: await giveFactor(first.accountId, 'totp', false),
    theirs: await giveFactor(second.accountId, 'totp'),
    codes: await giveFactor(second.accountId, 'recoveryCode'),
  }
  const { merge: record, survivor } = await merge(first.accountId, second.accountId)
  expect(survivor.level).toBe('aal2')
  expect(record.after.survivor.level).toBe('aal2')
  expect((await accountOf(first.accountId)).level).toBe('aal2')
  expect(await idsOf('second_factor', first.accountId)).toEqual([ids.theirs, ids.codes].sort())

  const third = await signUp()
  const other = {
    totp: await giveFactor(third.accountId, 'totp'),
    codes: await giveFactor(third.accountId, 'recoveryCode'),
  }
  const again = await merge(first.accountId, third.accountId, choose(third.accountId, 'TOTP'))
  expect(await idsOf('second_factor', first.accountId)).toEqual([other.totp, ids.codes].sort())
  const journal = await journalOf(again.merge.id, 'second_factor')
  const removed = journal.filter(({ fate }) => fate === 'removed').map(({ id }) => id)
  expect(removed.sort()).toEqual([ids.theirs, other.codes].sort())

  const fourth = await signUp()
  const enrolment = await giveFactor(fourth.accountId, 'totp', false)
  await merge(first.accountId, fourth.accountId)
  expect(await idsOf('second_factor', first.accountId)).not.toContain(enrolment)
})

test('two devices with one key collapse to the older one, whosever it is', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const [early, late] = [new Date('2026-01-01'), new Date('2026-02-01')]
  await giveDevice(first.accountId, 'one', late)
  const older = await giveDevice(second.accountId, 'one', early)
  const kept = await giveDevice(first.accountId, 'two', early)
  await giveDevice(second.accountId, 'two', late)
  const own = await giveDevice(second.accountId, 'three', late)
  await merge(first.accountId, second.accountId)
  expect(await idsOf('device', first.accountId)).toEqual([older, kept, own].sort())
})

test('ids that led to the absorbed account lead to the survivor; the ten newest are named', async () => {
  const survivor = await signUp()
  const middle = await signUp()
  const early: string[] = []
  for (let index = 0; index < 10; index++) {
    const { accountId } = await signInAsGuest(idem)
    early.push(accountId)
    idem.clock.advance(1)
    await merge(accountId, middle.accountId)
  }
  expect((await accountOf(middle.accountId)).absorbedIds).toEqual(early.toReversed())
  idem.clock.advance(1)
  await merge(middle.accountId, survivor.accountId)
  expect((await accountOf(survivor.accountId)).absorbedIds).toEqual([
    middle.accountId,
    ...early.toReversed().slice(0, 9),
  ])
  const leading = await tables.query('select id from account where merged_into_id = $1', [survivor.accountId])
  expect(leading.map(({ id }) => id).sort()).toEqual([middle.accountId, ...early].sort())
})

test('what is refused, or not agreed to, changes nothing', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const before = await tables.contents()
  const disagree = async () => {
    throw new Failure('CONFLICT')
  }
  const refusals = [
    merge(first.accountId, first.accountId),
    merge(first.accountId, second.accountId, {}, disagree),
    merge(first.accountId, randomUUID()),
  ]
  const codes = (await Promise.allSettled(refusals)).map((result) =>
    result.status === 'rejected' ? codeOfError(result.reason) : 'ok',
  )
  expect(codes).toEqual(['MERGE_REFUSED', 'CONFLICT', 'NOT_FOUND'])
  expect(await tables.contents()).toEqual(before)
  await tables.query('update account set suspended_at = now() where id = $1', [second.accountId])
  await expect(merge(first.accountId, second.accountId)).rejects.toMatchObject({ code: 'MERGE_REFUSED' })
})

test('A into B and B into A at once: one happens, the other is refused', async () => {
  for (let round = 0; round < 5; round++) {
    const [a, b] = [await signUp(), await signUp()]
    const results = await Promise.allSettled([
      merge(a.accountId, b.accountId, { survivorId: b.accountId }),
      merge(b.accountId, a.accountId, { survivorId: a.accountId }),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const result of results)
      if (result.status === 'rejected') expect(codeOfError(result.reason)).toBe('MERGE_REFUSED')
    expect(
      await tables.query('select 1 from merge where survivor_id = any($1)', [[a.accountId, b.accountId]]),
    ).toHaveLength(1)
  }
})

test('merges over overlapping pairs and their absorbed ids never wait for each other for ever', async () => {
  const people = await atOnce(8, signUp)
  const ids = people.map(({ accountId }) => accountId)
  const pairs = ids.flatMap((own) =>
    ids.filter((other) => other !== own).map((other) => [own, other] as const),
  )
  const results = await Promise.allSettled(pairs.map(async ([own, other]) => await merge(own, other)))
  const codes = results.flatMap((result) =>
    result.status === 'rejected' ? [codeOfError(result.reason)] : [],
  )
  expect(new Set(codes)).toEqual(new Set(['MERGE_REFUSED']))
  const oldest = ids.toSorted()[0]
  const leading = await tables.query('select id from account where merged_into_id = $1', [oldest])
  expect(leading).toHaveLength(7)
  expect(await idsOf('identity', oldest ?? '')).toHaveLength(8)
})

test('who locks an id that was absorbed before does not wait for a merge that waits for it', async () => {
  const { accounts, ownCall } = idem.foundation
  const early = await signUp()
  const [middle, last] = [await signUp(), await signUp()]
  await merge(early.accountId, middle.accountId, { survivorId: middle.accountId })
  const waits: Promise<unknown>[] = []
  const beside = async () => {
    const ids = [early.accountId, last.accountId]
    waits.push(ownCall().inTransaction(async (call) => await accounts.lockAll(call, ids)))
    await vi.waitFor(async () => {
      const waiting = await tables.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      expect(waiting).toHaveLength(1)
    }, 4_000)
  }
  const wish = { survivorId: last.accountId }
  const { survivor } = await merge(middle.accountId, last.accountId, wish, beside)
  expect(await Promise.all(waits)).toHaveLength(1)
  expect((await accountOf(early.accountId)).mergedInto).toBe(survivor.id)
})

test('the number of statements does not depend on the number of rows', async () => {
  const counted = async (rows: number): Promise<number> => {
    const [first, second] = [await signUp(), await signUp()]
    for (const { accountId } of [first, second])
      await tables.query(
        `insert into identity (id, account_id, method, issuer, subject, created_at, failed_proofs)
         select gen_random_uuid(), $1::uuid, 'key', 'ed25519', gen_random_uuid()::text, now(), 0
         from generate_series(1, $2::int)`,
        [accountId, rows],
      )
    // Not the metric, which counts what the service asks by itself, too.
    const run = vi.spyOn(Transaction.prototype, 'run')
    await merge(first.accountId, second.accountId)
    const statements = run.mock.calls.length
    run.mockRestore()
    return statements
  }
  const few = await counted(1)
  expect(few).toBeGreaterThan(10)
  expect(await counted(20)).toBe(few)
})

test('the journal of a merge is purged once it cannot be undone any more; the merge itself is not', async () => {
  const [first, second] = [await signUp(), await signUp()]
  const { merge: record } = await merge(first.accountId, second.accountId)
  const { merges, ownCall } = idem.foundation
  const journal = async () => await tables.query('select 1 from merge_row where merge_id = $1', [record.id])
  await merges.purgeRows(ownCall(), record.undoableUntil, 1_000)
  expect(await journal()).not.toEqual([])
  await merges.purgeRows(ownCall(), new Date(record.undoableUntil.getTime() + 1), 1_000)
  expect(await journal()).toEqual([])
  expect(await tables.query('select 1 from merge where id = $1', [record.id])).toHaveLength(1)
})
