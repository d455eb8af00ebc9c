// Deleting an account: 14 days in which its owner may keep it, then nothing of the person is left, and races have one end.
import { createHash, randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import {
  deleteDue,
  deletionSeconds,
  insertMergeAndEvent,
  tablesWith,
  tryDelete,
  tryKeep,
} from '../../support/account-data.js'
import { askMe, atOnce, codeOf, dataOf, setHandle, tally, untilRefused } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest, trySignInAsGuest } from '../../support/key-owner.js'
import { mailsTo } from '../../support/mail-reader.js'
import { mailedServiceOfFile } from '../../support/mailed-service.js'
import { giveAddress } from '../../support/password-owner.js'

const { idem, tables, inbox } = await mailedServiceOfFile({
  // The tests delete by themselves, at moments that they know.
  IDEM_PURGE_SCHEDULE: '0 0 1 1 *',
  IDEM_OPERATORS: 'operator-of-deletion',
})

const accountRow = async (id: string) => (await tables.query('select * from account where id = $1', [id]))[0]

const operatorKey = new KeyOwner(idem)

/** The mail with this subject, once it has arrived. */
const mailCalled = async (address: string, subject: string) =>
  await vi.waitFor(async () => {
    const mail = (await mailsTo(inbox, address, 1)).find((one) => one.subject === subject)
    if (mail === undefined) throw new Error(`no mail is called ${subject}`)
    return mail
  }, 10_000)

const deletionActs = async (id: string): Promise<string[]> =>
  (await tables.actsOn(id)).filter((act) => /delet/.test(act))

test('an account that is to be deleted works until it is due, and says so to its owner alone', async () => {
  const owner = new KeyOwner(idem)
  const { accountId, accessToken } = await owner.signIn('leaving-soon')
  const address = 'leaving.soon@example.com'
  await giveAddress(idem, accountId, address)
  const dueAt = new Date(idem.clock.now().getTime() + deletionSeconds * 1_000).toISOString()
  expect(dataOf(await tryDelete(idem, accessToken)).deleteAccount).toEqual({
    dueAt,
    account: { id: accountId, handle: 'leaving-soon', deletionDueAt: dueAt },
  })
  expect(codeOf(await tryDelete(idem, accessToken))).toBe('CONFLICT')
  idem.clock.advance(deletionSeconds - 60)
  expect(await deleteDue(idem)).toBe(0)
  const again = await owner.signIn()
  expect(again.accountId).toBe(accountId)
  const me = await idem.askAs(again.accessToken, '{ me { deletionDueAt } }')
  expect(dataOf(me).me).toEqual({ deletionDueAt: dueAt })
  expect(dataOf(await tryKeep(idem, again.accessToken)).cancelAccountDeletion).toEqual({
    id: accountId,
    deletionDueAt: null,
  })
  expect(codeOf(await tryKeep(idem, again.accessToken))).toBe('CONFLICT')
  idem.clock.advance(120)
  expect(await deleteDue(idem)).toBe(0)
  expect(await deletionActs(accountId)).toEqual(['account.deletion_begun', 'account.deletion_cancelled'])
  const mails = await mailsTo(inbox, address, 2)
  const begun = mails.find(({ subject }) => subject === 'The account leaving-soon will be deleted')
  expect(begun?.text).toMatch(/Device: +\S.*\n +Network address: \S.*\n +Time: +\S/)
  expect(begun?.text).toContain('cancelAccountDeletion')
  expect(mails.map(({ subject }) => subject)).toContain('The account leaving-soon will not be deleted')
})

test('it takes a session with a recent proof; a guest, who has none to give, needs only its session', async () => {
  const owner = new KeyOwner(idem)
  const { accountId, accessToken } = await owner.signIn()
  idem.clock.advance(601)
  const before = await accountRow(accountId)
  const stale = await tryDelete(idem, accessToken)
  expect([codeOf(stale), stale.errors[0]?.extensions['maxAgeSeconds']]).toEqual(['STEP_UP_REQUIRED', 600])
  expect(codeOf(await idem.ask('mutation { deleteAccount { dueAt } }'))).toBe('UNAUTHENTICATED')
  expect(codeOf(await idem.ask('mutation { cancelAccountDeletion { id } }'))).toBe('UNAUTHENTICATED')
  expect(await accountRow(accountId)).toEqual(before)
  expect(await deletionActs(accountId)).toEqual([])
  const guest = await signInAsGuest(idem)
  expect(codeOf(await tryDelete(idem, guest.accessToken))).toBeNull()
})

/** A person of whom something is in every table. */
const richPerson = async () => {
  const owner = new KeyOwner(idem)
  const name = `rich-${randomUUID().slice(0, 8)}`
  const { accountId } = await owner.signIn(name)
  const email = new EmailOwner(idem, inbox, `${name}@example.net`)
  const { accessToken } = await owner.signIn()
  dataOf(await email.tryLink(accessToken))
  dataOf(
    await idem.askAs(
      accessToken,
      'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { id } }',
      {
        input: { displayName: `Display ${name}`, locale: 'de', primaryEmail: email.address },
      },
    ),
  )
  const other = new KeyOwner(idem)
  dataOf(await other.link(accessToken, `Laptop ${name}`))
  const insert = (text: string, ...values: unknown[]) =>
    tables.query(text, [randomUUID(), accountId, ...values])
  await insert(
    `insert into identity (id, account_id, method, issuer, subject, credential, created_at, failed_proofs)
      values ($1, $2, 'password', 'password', $3, '{"hash":"the-hash-of-a-password"}', now(), 0)`,
    accountId,
  )
  await insert(
    `insert into second_factor (id, account_id, kind, credential, created_at, confirmed_at)
      values ($1, $2, 'recoveryCode', '{"codes":["the-hash-of-a-code"]}', now(), now())`,
  )
  await insert(
    `insert into device (id, account_id, public_key, label, created_at) values ($1, $2, $3, $4, now())`,
    other.publicKey,
    `Phone ${name}`,
  )
  await insert(
    `insert into password_reset (id, account_id, status, begun_at, device, source_address)
      values ($1, $2, 'LAPSED', now(), $3, '192.0.2.7')`,
    `Browser ${name}`,
  )
  await insert(
    `insert into retired_identity (id, account_id, method, issuer, subject, retired_at)
      values ($1, $2, 'anonymous', 'anonymous', $3, now())`,
    `retired ${name}`,
  )
  await insertMergeAndEvent(tables, accountId, name)
  // Asked for by the session, and by somebody without one.
  await email.challenge({ purpose: 'STEP_UP', accessToken })
  await email.challenge()
  return { owner, other, email, name, accountId, accessToken }
}

test('of a deleted account its id, its handle and what was done when are left, and one last mail', async () => {
  const { owner, other, email, name, accountId, accessToken } = await richPerson()
  const addressHash = createHash('sha256').update(email.address).digest('hex')
  const personal = [
    name,
    email.address,
    addressHash,
    owner.publicKey,
    other.publicKey,
    '192.0.2.7',
    'the-hash-of',
  ]
  for (const text of personal) expect(await tablesWith(tables, text), text).not.toEqual([])
  dataOf(await tryDelete(idem, accessToken))
  await mailCalled(email.address, `Das Konto ${name} wird gelöscht`)
  idem.clock.advance(deletionSeconds)
  const live = await owner.signIn()
  expect(await deleteDue(idem)).toBeGreaterThan(0)
  // Gone at once, with the name that its owner knows it by, in its language.
  const last = await mailCalled(email.address, `Das Konto ${name} wurde gelöscht`)
  expect(last.text).toContain('lässt sich nicht wiederherstellen')
  await untilRefused(idem, live.accessToken)
  const [mail] = await tables.query('select state, account_id from mail where address = $1', [email.address])
  expect(mail).toMatchObject({ account_id: null })
  const found: Record<string, string[]> = {}
  for (const text of personal) found[text] = await tablesWith(tables, text)
  expect(found).toEqual({
    [name]: ['handle', 'mail'],
    [email.address]: ['mail'],
    [addressHash]: [],
    [owner.publicKey]: [],
    [other.publicKey]: [],
    '192.0.2.7': [],
    'the-hash-of': [],
  })
  const { id, kind, level, created_at, deleted_at, sign_in_notices, ...rest } = await accountRow(accountId)
  expect({ id, kind, level, sign_in_notices }).toEqual({
    id: accountId,
    kind: 'PERSON',
    level: 'aal1',
    sign_in_notices: true,
  })
  expect([created_at, deleted_at]).toEqual([expect.any(Date), idem.clock.now()])
  expect(Object.values(rest).flat()).toEqual(
    Object.values(rest)
      .flat()
      .map(() => null),
  )
  const entries = await tables.query(
    'select action, address, detail from audit_entry where account_id = $1 order by id',
    [accountId],
  )
  expect(new Set(entries.map(({ address }) => address))).toEqual(new Set(['none']))
  expect(entries.at(-1)).toMatchObject({
    action: 'account.deleted',
    detail: { ids: expect.arrayContaining([accountId]), locale: 'de' },
  })
  expect(entries.find(({ action }) => action === 'identity.linked')?.detail).toMatchObject({
    method: 'email',
    identityId: expect.any(String),
  })
})

test('a deleted account is found by nobody, and what opened it begins a new one', async () => {
  const owner = new KeyOwner(idem)
  const { accountId, accessToken } = await owner.signIn('gone-for-good')
  dataOf(await tryDelete(idem, accessToken))
  idem.clock.advance(deletionSeconds)
  expect(await deleteDue(idem)).toBe(1)
  expect(await deleteDue(idem)).toBe(0)
  const { accounts, ownCall } = idem.foundation
  expect(await accounts.find(ownCall(), accountId)).toBeNull()
  await expect((async () => await accounts.get(ownCall(), accountId))()).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  for (const lock of ['lock', 'lockSurvivor'] as const)
    await expect(
      ownCall().inTransaction(async (call) => await accounts[lock](call, accountId)),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const next = await owner.signIn()
  expect([next.provisioned, next.accountId === accountId]).toEqual([true, false])
  const alias = await idem.askAs(next.accessToken, 'query ($id: ID!) { accountAlias(id: $id) }', {
    id: accountId,
  })
  expect(codeOf(alias)).toBe('NOT_FOUND')
  // Used for two weeks, so it is never another's; not even of whoever had it.
  expect(codeOf(await setHandle(idem, next.accessToken, 'gone-for-good'))).toBe('CONFLICT')
  const operator = await operatorKey.signIn('operator-of-deletion')
  const shown = await idem.askAs(
    operator.accessToken,
    'query ($id: ID!) { account(id: $id) { id handle deletedAt deletionDueAt emails { address } } accounts(search: "gone-for-good") { edges { node { id deletedAt } } } }',
    { id: accountId },
  )
  const deletedAt = (await accountRow(accountId)).deleted_at.toISOString()
  expect(dataOf(shown)).toEqual({
    account: { id: accountId, handle: null, deletedAt, deletionDueAt: null, emails: [] },
    accounts: { edges: [{ node: { id: accountId, deletedAt } }] },
  })
  const suspended = await idem.askAs(
    operator.accessToken,
    'mutation ($id: ID!) { suspendAccount(id: $id, reason: "late") { id } }',
    { id: accountId },
  )
  expect(codeOf(suspended)).toBe('NOT_FOUND')
})

test('a handle of less than a day is free again after the quarantine', async () => {
  const owner = new KeyOwner(idem)
  const { accountId, accessToken } = await owner.signIn()
  dataOf(await tryDelete(idem, accessToken))
  idem.clock.advance(deletionSeconds - 3_600)
  dataOf(await setHandle(idem, (await owner.signIn()).accessToken, 'hardly-mine'))
  idem.clock.advance(3_600)
  expect(await deleteDue(idem)).toBe(1)
  const [handle] = await tables.query(
    'select account_id, given_up_at, kept_since from handle where name = $1',
    ['hardly-mine'],
  )
  expect(handle).toEqual({ account_id: accountId, given_up_at: idem.clock.now(), kept_since: null })
})

test('accounts that were merged into a deleted one are deleted with it', async () => {
  const survivor = new KeyOwner(idem)
  const [absorbed, kept] = [await new KeyOwner(idem).signIn('absorbed-one'), await survivor.signIn()]
  await tables.query("update account set merged_into_id = $2, display_name = 'Absorbed' where id = $1", [
    absorbed.accountId,
    kept.accountId,
  ])
  await tables.query('update handle set account_id = $2 where account_id = $1', [
    absorbed.accountId,
    kept.accountId,
  ])
  await tables.query('update identity set account_id = $2 where account_id = $1', [
    absorbed.accountId,
    kept.accountId,
  ])
  dataOf(await tryDelete(idem, kept.accessToken))
  idem.clock.advance(deletionSeconds)
  expect(await deleteDue(idem)).toBe(1)
  expect(await accountRow(absorbed.accountId)).toMatchObject({
    display_name: null,
    handle: null,
    deleted_at: idem.clock.now(),
  })
  const { accounts, ownCall } = idem.foundation
  expect(await accounts.find(ownCall(), absorbed.accountId)).toBeNull()
  const [entry] = await tables.query(
    "select detail from audit_entry where action = 'account.deleted' and account_id = $1",
    [kept.accountId],
  )
  expect(new Set(entry.detail.ids)).toEqual(new Set([kept.accountId, absorbed.accountId]))
})

test('a guest is deleted, and stays so when idle guests are purged; its secret begins a new guest', async () => {
  const secret = 'q'.repeat(43)
  const { accountId, accessToken } = await signInAsGuest(idem, { deviceSecret: secret })
  dataOf(await tryDelete(idem, accessToken))
  idem.clock.advance(deletionSeconds)
  expect(await deleteDue(idem)).toBe(1)
  const { idleGuests, auditLog, ownCall } = idem.foundation
  idem.clock.advance(24 * 3_600)
  const audit = auditLog.row(ownCall(), { action: 'account.purged', accountId: null })
  await idleGuests.purge(ownCall(), { since: idem.clock.now(), limit: 1_000 }, () => [audit])
  expect(await accountRow(accountId)).toMatchObject({ id: accountId, deleted_at: expect.any(Date) })
  const again = dataOf(await trySignInAsGuest(idem, { deviceSecret: secret })).signIn
  expect([again.provisioned, again.account.id === accountId]).toEqual([true, false])
})

test('a suspended account waits, and once it is reinstated its owner can cancel for as long again', async () => {
  const owner = new KeyOwner(idem)
  const { accountId, accessToken } = await owner.signIn()
  dataOf(await tryDelete(idem, accessToken))
  const asOperator = async (mutation: string) =>
    dataOf(
      await idem.askAs((await operatorKey.signIn('operator-of-deletion')).accessToken, mutation, {
        id: accountId,
      }),
    )
  await asOperator('mutation ($id: ID!) { suspendAccount(id: $id, reason: "spam") { id } }')
  idem.clock.advance(deletionSeconds + 60)
  expect(await deleteDue(idem)).toBe(0)
  await asOperator('mutation ($id: ID!) { reinstateAccount(id: $id) { id } }')
  expect(await deleteDue(idem)).toBe(0)
  const again = await owner.signIn()
  expect(again.accountId).toBe(accountId)
  idem.clock.advance(deletionSeconds - 1)
  expect(await deleteDue(idem)).toBe(0)
  idem.clock.advance(1)
  expect(await deleteDue(idem)).toBe(1)
  expect((await accountRow(accountId)).deleted_at).toEqual(idem.clock.now())
})

test('of fifty that begin at once one does, and of fifty that cancel at once too', async () => {
  const { accountId, accessToken } = await new KeyOwner(idem).signIn()
  expect(tally(await atOnce(50, () => tryDelete(idem, accessToken)))).toEqual({ ok: 1, CONFLICT: 49 })
  expect(tally(await atOnce(50, () => tryKeep(idem, accessToken)))).toEqual({ ok: 1, CONFLICT: 49 })
  expect(await deletionActs(accountId)).toEqual(['account.deletion_begun', 'account.deletion_cancelled'])
})

test('its owner cancels, signs in and asks while the job deletes: all of it, or nothing, and no bug', async () => {
  const owners = await atOnce(8, async () => {
    const owner = new KeyOwner(idem)
    const { accountId, accessToken } = await owner.signIn()
    dataOf(await tryDelete(idem, accessToken))
    return { owner, accountId }
  })
  idem.clock.advance(deletionSeconds)
  const sessions = await Promise.all(owners.map(async ({ owner }) => await owner.signIn()))
  const [kept, signedIn] = await Promise.all([
    Promise.all(sessions.map(({ accessToken }) => tryKeep(idem, accessToken))),
    Promise.all(owners.map(({ owner }) => owner.signIn())),
    atOnce(3, () => deleteDue(idem)),
  ])
  for (const [index, { accountId }] of owners.entries()) {
    const isKept = codeOf(kept[index] as (typeof kept)[number]) === null
    const { deleted_at, deletion_due_at } = await accountRow(accountId)
    expect([deleted_at === null, deletion_due_at]).toEqual([isKept, null])
    const [{ count }] = await tables.query('select count(*)::int from session where account_id = $1', [
      accountId,
    ])
    expect(count > 0).toBe(isKept)
    // Whoever signed in has a session that lives: of the account, or of a new one.
    const session = signedIn[index] as (typeof signedIn)[number]
    if (isKept) expect(session.accountId).toBe(accountId)
    if (session.accountId !== accountId) expect(codeOf(await askMe(idem, session.accessToken))).toBeNull()
  }
  expect(idem.bugs).toEqual([])
})

test('the job waits for a cancellation that has begun, and then leaves the account alone', async () => {
  const { accountId, accessToken } = await new KeyOwner(idem).signIn()
  dataOf(await tryDelete(idem, accessToken))
  idem.clock.advance(deletionSeconds)
  const { accounts, ownCall } = idem.foundation
  let deleting: Promise<number> | null = null
  await ownCall().inTransaction(async (call) => {
    await accounts.lock(call, accountId)
    deleting = deleteDue(idem)
    await vi.waitFor(async () => {
      const [{ count }] = await tables.query(
        `select count(*)::int from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%merged_into_id = $2%'`,
      )
      expect(count).toBe(1)
    }, 5_000)
    await accounts.changeDeletion(call, accountId, null)
  })
  expect(await deleting).toBe(1)
  expect(await accountRow(accountId)).toMatchObject({ deleted_at: null, deletion_due_at: null })
  expect(await deletionActs(accountId)).toEqual(['account.deletion_begun'])
})

test('one account that cannot be deleted keeps no other from it, and the job says so', async () => {
  const [stuck, other] = await atOnce(2, async () => await new KeyOwner(idem).signIn())
  if (stuck === undefined || other === undefined) throw new Error('two sign-ins')
  for (const { accessToken } of [stuck, other]) dataOf(await tryDelete(idem, accessToken))
  await tables.query(`create function refuse() returns trigger language plpgsql as $$ begin
    if new.id = '${stuck.accountId}' and new.deleted_at is not null then raise 'not this one'; end if; return new; end $$;
    create trigger refusing before update on account for each row execute function refuse()`)
  idem.clock.advance(deletionSeconds)
  await expect(deleteDue(idem)).rejects.toThrow('not this one')
  expect((await accountRow(stuck.accountId)).deleted_at).toBeNull()
  expect((await accountRow(other.accountId)).deleted_at).toEqual(idem.clock.now())
  await tables.query('drop trigger refusing on account')
  expect(await deleteDue(idem)).toBe(1)
  expect((await accountRow(stuck.accountId)).deleted_at).toEqual(idem.clock.now())
})
