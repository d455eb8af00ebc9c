// Two at once upon one key, one handle or one account: one wins, nothing is half done.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { askMe, atOnce, codeOf, dataOf, setHandle, tally, unlink, untilRefused } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest, trySignInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

/** What must hold whatever happened: no identity without its account, no live session without its identity, nothing empty. */
const expectWhole = async (): Promise<void> => {
  const [row] = await tables.query(`select
    (select count(*)::int from account a where not exists (select 1 from identity i where i.account_id = a.id)) as "accountsWithoutIdentity",
    (select count(*)::int from session s where s.ended_at is null and s.identity_id is null) as "sessionsWithoutIdentity",
    (select count(*)::int from session s join identity i on i.id = s.identity_id
      where s.ended_at is null and i.account_id <> s.account_id) as "sessionsOfOthers",
    (select count(*)::int from account a where a.handle is not null
      and not exists (select 1 from handle h where h.name = a.handle and h.account_id = a.id)) as "handlesUnreserved"`)
  expect(row).toEqual({
    accountsWithoutIdentity: 0,
    sessionsWithoutIdentity: 0,
    sessionsOfOthers: 0,
    handlesUnreserved: 0,
  })
}

const identityOf = async (subject: string): Promise<{ id: string; account_id: string } | undefined> =>
  (await tables.query('select id, account_id from identity where subject = $1', [subject]))[0]

test('20 first sign-ins of one key at once lead to one account', async () => {
  for (const handle of [undefined, 'at-once']) {
    const owner = new KeyOwner(idem)
    const before = await tables.counts()
    const answers = await atOnce(20, () => owner.trySignIn(handle))
    expect(tally(answers)).toEqual({ ok: 20 })
    expect(new Set(answers.map((answer) => answer.data.signIn.account.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.data.signIn.provisioned)).toHaveLength(1)
    const after = await tables.counts()
    expect((after['account'] ?? 0) - (before['account'] ?? 0)).toBe(1)
    expect((after['identity'] ?? 0) - (before['identity'] ?? 0)).toBe(1)
    expect((after['session'] ?? 0) - (before['session'] ?? 0)).toBe(20)
  }
  await expectWhole()
})

test('20 first sign-ins of one guest secret at once lead to one account', async () => {
  const deviceSecret = randomBytes(32).toString('base64')
  const guests = await atOnce(20, () => signInAsGuest(idem, { deviceSecret }))
  expect(new Set(guests.map((guest) => guest.accountId)).size).toBe(1)
  expect(guests.filter((guest) => guest.provisioned)).toHaveLength(1)
  await expectWhole()
})

test('of ten keys that register one handle at once, one gets it and nothing of the others remains', async () => {
  for (let round = 0; round < 5; round++) {
    const before = await tables.counts()
    const handle = `wanted-${round}`
    const owners = Array.from({ length: 10 }, () => new KeyOwner(idem))
    const answers = await Promise.all(owners.map((owner) => owner.trySignIn(handle)))
    expect(tally(answers)).toEqual({ ok: 1, PROOF_REJECTED: 9 })
    const after = await tables.counts()
    for (const table of ['account', 'handle', 'identity', 'session', 'spent_challenge'])
      expect([table, (after[table] ?? 0) - (before[table] ?? 0)]).toEqual([table, 1])
  }
  await expectWhole()
})

test('of ten accounts that pick one handle at once, one gets it', async () => {
  const accounts = await atOnce(10, () => signInAsGuest(idem))
  const answers = await Promise.all(accounts.map((one) => setHandle(idem, one.accessToken, 'picked-at-once')))
  expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 9 })
  const rows = await tables.query(`select account_id from handle where name = 'picked-at-once'`)
  expect(rows).toHaveLength(1)
  await expectWhole()
})

test('a handle picked and registered at once is one account’s alone', async () => {
  for (let round = 0; round < 10; round++) {
    const handle = `contested-${round}`
    const guest = await signInAsGuest(idem)
    const [picked, registered] = await Promise.all([
      setHandle(idem, guest.accessToken, handle),
      new KeyOwner(idem).trySignIn(handle),
    ])
    expect([codeOf(picked), codeOf(registered)].filter((code) => code === null)).toHaveLength(1)
    expect(['CONFLICT', 'PROOF_REJECTED']).toContain(codeOf(picked) ?? codeOf(registered))
  }
  await expectWhole()
})

test('the last two identities unlinked at once: one stays', async () => {
  for (let round = 0; round < 10; round++) {
    const [one, two] = [new KeyOwner(idem), new KeyOwner(idem)]
    const { accessToken, accountId } = await one.signIn()
    dataOf(await two.link(accessToken))
    const sessions: SignedIn[] = [await one.signIn(), await two.signIn()]
    const { me } = dataOf(await askMe(idem, accessToken))
    const ids: string[] = me.identities.map((identity: { id: string }) => identity.id)
    // Each session removes the identity of the other one, then also from one session alone.
    const answers = await Promise.all([
      unlink(idem, sessions[0]?.accessToken ?? '', ids[1] ?? ''),
      unlink(idem, round % 2 === 0 ? (sessions[1]?.accessToken ?? '') : accessToken, ids[0] ?? ''),
    ])
    const codes = answers.map(codeOf)
    expect(codes.filter((code) => code === null)).toHaveLength(1)
    expect(['LAST_IDENTITY', 'UNAUTHENTICATED']).toContain(codes.find((code) => code !== null))
    const left = await tables.query('select id from identity where account_id = $1', [accountId])
    expect(left).toHaveLength(1)
  }
  await expectWhole()
})

test('one identity unlinked twice at once is unlinked once', async () => {
  const [one, two, three] = [new KeyOwner(idem), new KeyOwner(idem), new KeyOwner(idem)]
  const { accessToken, accountId } = await one.signIn()
  for (const key of [two, three]) dataOf(await key.link(accessToken))
  const id = (await identityOf(two.publicKey))?.id ?? ''
  const answers = await atOnce(10, () => unlink(idem, accessToken, id))
  expect(tally(answers)).toEqual({ ok: 1, NOT_FOUND: 9 })
  const acts = await tables.actsOn(accountId)
  expect(acts.filter((act) => act === 'identity.unlinked')).toHaveLength(1)
})

test('a key unlinked while it signs in leaves no live session of the account by that key', async () => {
  for (let round = 0; round < 25; round++) {
    const [kept, removed] = [new KeyOwner(idem), new KeyOwner(idem)]
    const { accessToken, accountId } = await kept.signIn()
    dataOf(await removed.link(accessToken))
    const id = (await identityOf(removed.publicKey))?.id ?? ''
    const [unlinked, ...signIns] = await Promise.all([
      unlink(idem, accessToken, id),
      ...Array.from({ length: 4 }, () => removed.trySignIn()),
    ])
    expect(codeOf(unlinked)).toBeNull()
    // Refused never: the key signed in before, or registers anew after.
    expect(tally(signIns)).toEqual({ ok: 4 })
    const live = await tables.query(
      'select id, identity_id from session where account_id = $1 and ended_at is null',
      [accountId],
    )
    expect(live).toHaveLength(1)
    for (const signIn of signIns) {
      if (signIn.data.signIn.account.id !== accountId) continue
      await untilRefused(idem, signIn.data.signIn.tokens.accessToken)
    }
  }
  await expectWhole()
})

test('one key linked to two accounts at once joins one; the other gets a plan, and nothing is merged', async () => {
  for (let round = 0; round < 10; round++) {
    const key = new KeyOwner(idem)
    const accounts = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
    const before = await tables.counts()
    const answers = await Promise.all(accounts.map((account) => key.link(account.accessToken)))
    expect(tally(answers)).toEqual({ ok: 2 })
    expect(answers.filter(({ data }) => data.linkIdentity.mergePlan !== null)).toHaveLength(1)
    const after = await tables.counts()
    // Two challenges spent, one identity, one audit line.
    const changes = { identity: 1, spent_challenge: 2, audit_entry: 1, merge: 0 }
    for (const [table, change] of Object.entries(changes))
      expect([table, (after[table] ?? 0) - (before[table] ?? 0)]).toEqual([table, change])
    expect(after['account']).toBe(before['account'])
  }
  await expectWhole()
})

test('the challenge of a refused link is not spent: it links once the key is free', async () => {
  const key = new KeyOwner(idem)
  const other = await new KeyOwner(idem).signIn()
  dataOf(await key.link(other.accessToken))
  const challenge = await key.challenge({ purpose: 'LINK_IDENTITY', accessToken: other.accessToken })
  const link = async () =>
    await idem.askAs(
      other.accessToken,
      'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }',
      { input: key.answer(challenge) },
    )
  const before = await tables.contents()
  expect(codeOf(await link())).toBe('CONFLICT')
  expect(await tables.contents()).toEqual(before)
  const id = (await identityOf(key.publicKey))?.id ?? ''
  dataOf(await unlink(idem, other.accessToken, id))
  expect(dataOf(await link()).linkIdentity.account.id).toBe(other.accountId)
  expect(codeOf(await link())).toBe('CONFLICT')
})

test('a key linked while it registers ends up with one account', async () => {
  for (let round = 0; round < 10; round++) {
    const key = new KeyOwner(idem)
    const holder = await new KeyOwner(idem).signIn()
    const [linked, signedIn] = await Promise.all([key.link(holder.accessToken), key.trySignIn()])
    expect(codeOf(signedIn)).toBeNull()
    expect(codeOf(linked)).toBeNull()
    const owner = (await identityOf(key.publicKey))?.account_id
    expect(signedIn.data.signIn.account.id).toBe(owner)
    expect(owner === holder.accountId).toBe(linked.data.linkIdentity.identity !== null)
  }
  await expectWhole()
})

test('a guest that links a key while its secret signs in elsewhere leaves that secret nothing', async () => {
  for (let round = 0; round < 15; round++) {
    const deviceSecret = randomBytes(32).toString('base64')
    const guest = await signInAsGuest(idem, { deviceSecret })
    const key = new KeyOwner(idem)
    const [linked, ...others] = await Promise.all([
      key.link(guest.accessToken),
      ...Array.from({ length: 4 }, () => trySignInAsGuest(idem, { deviceSecret })),
    ])
    expect(dataOf(linked).linkIdentity.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
    for (const other of others) {
      if (codeOf(other) === 'PROOF_REJECTED') continue
      const { account, tokens } = dataOf(other).signIn
      expect(account.id).toBe(guest.accountId)
      await untilRefused(idem, tokens.accessToken)
    }
    const live = await tables.query('select id from session where account_id = $1 and ended_at is null', [
      guest.accountId,
    ])
    expect(live).toHaveLength(1)
  }
  await expectWhole()
})

test('a guest that links two keys at once becomes one person with both', async () => {
  for (let round = 0; round < 10; round++) {
    const guest = await signInAsGuest(idem)
    const keys = [new KeyOwner(idem), new KeyOwner(idem)]
    const answers = await Promise.all(keys.map((key) => key.link(guest.accessToken)))
    for (const answer of answers) expect([null, 'STEP_UP_REQUIRED']).toContain(codeOf(answer))
    const kinds = await tables.query('select kind from account where id = $1', [guest.accountId])
    expect(kinds).toEqual([{ kind: 'PERSON' }])
    const methods = await tables.query('select i.method, i.subject from identity i where i.account_id = $1', [
      guest.accountId,
    ])
    expect(methods.every((identity) => identity.method === 'key')).toBe(true)
    expect(methods).toHaveLength(answers.filter((answer) => codeOf(answer) === null).length)
    const acts = await tables.actsOn(guest.accountId)
    expect(acts.filter((act) => act === 'account.became_person')).toHaveLength(1)
  }
  await expectWhole()
})

test('what one request changed, the next one sees', async () => {
  const guest = await signInAsGuest(idem)
  for (let round = 0; round < 100; round++) {
    const handle = `turn-${round}`
    if (round % 25 === 0) idem.clock.advance(301)
    dataOf(await setHandle(idem, guest.accessToken, handle))
    expect(dataOf(await askMe(idem, guest.accessToken)).me.handle).toBe(handle)
  }
})

test('two sessions of one guest device link at once: one makes it a person, the other is refused', async () => {
  for (let round = 0; round < 10; round += 1) {
    const deviceSecret = randomBytes(32).toString('base64')
    const [owner, planted] = [
      await signInAsGuest(idem, { deviceSecret }),
      await signInAsGuest(idem, { deviceSecret }),
    ]
    const keys = [new KeyOwner(idem), new KeyOwner(idem)] as const
    // Asked for before, so that both are answered at the same moment.
    const challenges = [
      await keys[0].challenge({ purpose: 'LINK_IDENTITY', accessToken: owner.accessToken }),
      await keys[1].challenge({ purpose: 'LINK_IDENTITY', accessToken: planted.accessToken }),
    ] as const
    const answers = await Promise.all([
      keys[0].linkBy(owner.accessToken, challenges[0]),
      keys[1].linkBy(planted.accessToken, challenges[1]),
    ])
    expect(tally(answers)).toEqual({ ok: 1, UNAUTHENTICATED: 1 })
    const [row] = await tables.query('select count(*)::int as keys from identity where account_id = $1', [
      owner.accountId,
    ])
    expect(row.keys).toBe(1)
  }
  await expectWhole()
})
