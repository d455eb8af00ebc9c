// Exporting an account: everything that is held about it, nothing of others and no secret, in pages of one moment each.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  type Exported,
  exportPages,
  insertMergeAndEvent,
  insertRow,
  tryExport,
} from '../../support/account-data.js'
import { atOnce, codeOf, dataOf, refresh } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { giveAddress } from '../../support/password-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'operator-of-exports' } })

/** The only page of an export. */
const exported = async (accessToken: string): Promise<Exported> => {
  const [page, ...more] = await exportPages(idem, accessToken)
  if (page === undefined || more.length > 0) throw new Error(`${more.length + 1} pages`)
  return page
}

const insert = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> =>
  await insertRow(tables, table, row)

/** An account with a row in each table, whose texts all hold `name`; every secret holds the word SECRET. */
const fillTables = async ({ accountId }: SignedIn, name: string): Promise<void> => {
  const at = '2026-01-02T03:04:05.678Z'
  const address = `${name}@example.org`
  const own = () => ({ id: randomUUID(), account_id: accountId, created_at: at })
  await giveAddress(idem, accountId, address)
  await insert('identity', {
    ...own(),
    method: 'password',
    issuer: 'password',
    subject: accountId,
    credential: { hash: 'SECRET' },
    failed_proofs: 0,
  })
  await insert('retired_identity', {
    ...own(),
    method: 'anonymous',
    issuer: 'anonymous',
    subject: `retired-${name}`,
    retired_at: at,
  })
  await insert('second_factor', {
    ...own(),
    kind: 'totp',
    credential: { sealed: 'SECRET' },
    confirmed_at: at,
  })
  await insert('device', { ...own(), public_key: `device-${name}`, label: `Phone ${name}` })
  await insert('password_reset', {
    ...own(),
    status: 'LAPSED',
    begun_at: at,
    device: `Browser ${name}`,
    source_address: '192.0.2.1',
  })
  await insertMergeAndEvent(tables, accountId, name)
  const challengeId = randomUUID()
  await insert('held_challenge', {
    ...own(),
    id: challengeId,
    id_hash: `SECRET-${challengeId}`,
    method: 'email',
    purpose: 'SIGN_IN',
    account_id: null,
    subject: address,
    mail_to: address,
    message: 'SECRET',
    state: { code: 'SECRET' },
    source_address: '192.0.2.2',
    locale: 'en',
    tries: 0,
    match_code_tries: 0,
    expires_at: at,
  })
  await insert('mail', {
    ...own(),
    kind: 'challenge',
    cause_id: challengeId,
    account_id: null,
    address,
    state: 'sent',
    reply: '250 ok',
  })
  await tables.query(
    `insert into known_network values (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $2, $3)`,
    [address, `network-${name}`, at],
  )
}

test('it holds an entry of each table, no secret, and nothing of others', async () => {
  const owner = await new KeyOwner(idem).signIn('export-ada')
  const other = await new KeyOwner(idem).signIn('export-bob')
  await fillTables(owner, 'ada')
  await fillTables(other, 'bob')
  const document = await exported(owner.accessToken)
  const { accountId, exportedAt, next, ...sections } = document
  expect([accountId, exportedAt, next]).toEqual([owner.accountId, idem.clock.now().toISOString(), null])
  const { actsUponOthers, ...filled } = sections
  expect(actsUponOthers).toEqual([])
  for (const [name, entries] of Object.entries(filled)) expect(entries, name).not.toEqual([])
  const text = JSON.stringify(document)
  expect(text).not.toMatch(/SECRET|bob/)
  expect(text).not.toContain(other.accountId)
  expect(sections['accounts']).toContainEqual(
    expect.objectContaining({ id: owner.accountId, handle: 'export-ada' }),
  )
  expect(sections['merges'][0]).toMatchObject({ rule: 'CHOSEN', survivorBefore: { displayName: 'ada' } })
  expect(sections['mergeJournal'][0]).toMatchObject({ table: 'identity', row: { subject: 'ada' } })
  expect(sections['webhookEvents'][0]).toMatchObject({
    payload: { handle: 'ada' },
    deliveries: [{ state: 'DELIVERED', attempts: 1, acknowledgedAt: '2026-01-02T03:04:05.678Z' }],
  })
  expect(sections['secondFactors'][0]).toMatchObject({
    kind: 'totp',
    confirmedAt: '2026-01-02T03:04:05.678Z',
  })
  expect(sections['mails'][0]).toMatchObject({ about: 'SIGN_IN', address: 'ada@example.org', state: 'sent' })
  expect(sections['knownNetworks'][0]).toEqual({
    address: 'ada@example.org',
    networkHash: 'network-ada',
    provenAt: '2026-01-02T03:04:05.678Z',
  })
  const acts = sections['auditEntries'].map((entry: { action: string }) => entry.action)
  expect(acts).toEqual(expect.arrayContaining(['account.provisioned', 'session.started', 'account.exported']))
})

test('what an operator did is in it, but neither its reason nor where it was; what one did to others is in its own', async () => {
  const owner = new KeyOwner(idem)
  const { accountId } = await owner.signIn()
  const operator = await new KeyOwner(idem).signIn('operator-of-exports')
  const suspend = 'mutation ($id: ID!) { suspendAccount(id: $id, reason: "a suspicion") { id } }'
  dataOf(await idem.askAs(operator.accessToken, suspend, { id: accountId }))
  dataOf(
    await idem.askAs(operator.accessToken, 'mutation ($id: ID!) { reinstateAccount(id: $id) { id } }', {
      id: accountId,
    }),
  )
  const document = await exported((await owner.signIn()).accessToken)
  const entry = document['auditEntries'].find(
    ({ action }: { action: string }) => action === 'account.suspended',
  )
  expect(entry).toMatchObject({
    by: 'an operator',
    address: null,
    sessionId: null,
    detail: { endedSessions: 1 },
  })
  expect(JSON.stringify(document)).not.toMatch(/suspicion/)
  expect(JSON.stringify(document)).not.toContain(operator.accountId)
  const own = await exported(operator.accessToken)
  expect(own['actsUponOthers'].map(({ action }: { action: string }) => action)).toEqual([
    'account.suspended',
    'account.reinstated',
  ])
  expect(JSON.stringify(own)).not.toContain(accountId)
})

test('what was merged into the account is in it too', async () => {
  const absorbed = await new KeyOwner(idem).signIn()
  const survivor = await new KeyOwner(idem).signIn()
  await tables.query('update account set merged_into_id = $2 where id = $1', [
    absorbed.accountId,
    survivor.accountId,
  ])
  const { accounts, auditEntries } = await exported(survivor.accessToken)
  expect(accounts).toEqual([
    expect.objectContaining({ id: absorbed.accountId, mergedInto: survivor.accountId }),
    expect.objectContaining({ id: survivor.accountId, mergedInto: null }),
  ])
  expect(new Set(auditEntries.map((entry: { accountId: string }) => entry.accountId))).toEqual(
    new Set([absorbed.accountId, survivor.accountId]),
  )
})

test('a large account comes in pages of a thousand entries: each entry once, in the order of its kind', async () => {
  const owner = await new KeyOwner(idem).signIn()
  await tables.query(
    `insert into session (id, account_id, amr, acr, scope, authenticated_at, started_at, expires_at, generation, refreshed_at)
      select gen_random_uuid(), $1, '{pop}', 'aal1', 'all', now(), now(), now() - interval '1 hour', 0, now() from generate_series(1, 1500)`,
    [owner.accountId],
  )
  await tables.query(
    `insert into audit_entry (id, at, action, account_id, request_id, address, detail)
      select gen_random_uuid(), now(), 'session.refreshed', $1, 'r', '192.0.2.9', '{}' from generate_series(1, 2000)`,
    [owner.accountId],
  )
  await tables.query(
    `insert into handle (name, account_id, taken_at, given_up_at)
      select 'Größe:' || n, $1, now(), now() from generate_series(1, 1200) n`,
    [owner.accountId],
  )
  const pages = await exportPages(idem, owner.accessToken)
  const sizes = pages.map((page) =>
    Object.values(page).reduce((sum, value) => sum + (Array.isArray(value) ? value.length : 0), 0),
  )
  expect(sizes.slice(0, -1)).toEqual(Array.from({ length: 4 }, () => 1_000))
  const all = (section: string): { id?: string; name?: string }[] => pages.flatMap((page) => page[section])
  for (const [section, count] of [
    ['sessions', 1_501],
    ['handles', 1_200],
  ] as const) {
    const keys = all(section).map(({ id, name }) => id ?? name)
    expect([section, keys.length, new Set(keys).size]).toEqual([section, count, count])
  }
  const ids = all('auditEntries').map(({ id }) => id)
  const [{ count }] = await tables.query('select count(*)::int from audit_entry where account_id = $1', [
    owner.accountId,
  ])
  expect([ids.length, new Set(ids).size]).toEqual([count, count])
  expect(pages.map(({ next }) => next === null)).toEqual([false, false, false, false, true])
  // Recorded once for all pages.
  const recorded = (await tables.actsOn(owner.accountId)).filter((act) => act === 'account.exported')
  expect(recorded).toHaveLength(1)
})

test('a place is no way to what belongs to others, and what is no place is refused', async () => {
  const [owner, other] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn('export-zoe')]
  const place = (text: string) => Buffer.from(text).toString('base64url')
  const stolen = place(`identities:${other.accountId}`)
  const answer = dataOf(await tryExport(idem, owner.accessToken, stolen)).exportAccount
  expect(JSON.stringify(answer)).not.toMatch(/export-zoe/)
  const id = randomUUID()
  const wrong = [
    '',
    'x',
    '\u0000',
    place('nothing:x'),
    place(`identities:${id}0`),
    place('identities:'),
    place('handles:a\u0000'),
    place(`handles:${'a'.repeat(1_000)}`),
    place(`toString:${id}`),
    place(id),
  ]
  for (const after of wrong) {
    const refused = await tryExport(idem, owner.accessToken, after)
    expect([after, codeOf(refused), refused.errors[0]?.extensions['field']]).toEqual([
      after,
      'BAD_USER_INPUT',
      'after',
    ])
  }
  for (const after of [place("handles:it's"), place('handles:%'), place('handles:')])
    expect(codeOf(await tryExport(idem, owner.accessToken, after))).toBeNull()
})

test('it takes a recent proof, which a guest need not give, and has the limit of changes', async () => {
  const owner = new KeyOwner(idem)
  const { refreshToken } = await owner.signIn()
  const guest = await signInAsGuest(idem)
  idem.clock.advance(601)
  const { accessToken } = await refresh(idem, refreshToken)
  const before = await tables.contents()
  expect(codeOf(await tryExport(idem, accessToken))).toBe('STEP_UP_REQUIRED')
  expect(codeOf(await idem.ask('mutation { exportAccount }'))).toBe('UNAUTHENTICATED')
  expect(await tables.contents()).toEqual(before)
  expect(codeOf(await tryExport(idem, guest.accessToken))).toBeNull()
  const answers = await atOnce(310, () =>
    tryExport(
      idem,
      guest.accessToken,
      Buffer.from('auditEntries:ffffffff-ffff-ffff-ffff-ffffffffffff').toString('base64url'),
    ),
  )
  expect(answers.some((answer) => codeOf(answer) === 'RATE_LIMITED')).toBe(true)
})
