// What owners say of their accounts: parsed strictly, theirs alone to see and change, and silent about others.
import { expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, sessionIdOf, tally, unlink } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

const fields = 'displayName locale signInNotices emails { id address primary verifiedAt }'

const update = async (accessToken: string, input: object): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { ${fields} } }`,
    { input },
  )

const read = async (accessToken: string) => dataOf(await idem.askAs(accessToken, `{ me { ${fields} } }`)).me

const owned = (address: string): EmailOwner => new EmailOwner(idem, unsentInbox(idem), address)

const primaryOf = (profile: { emails: { address: string; primary: boolean }[] }): string[] =>
  profile.emails.filter(({ primary }) => primary).map(({ address }) => address)

/** The changed fields, as the audit log names them. */
const changesOf = async ({ accountId }: SignedIn): Promise<unknown[]> => {
  const rows = await tables.query(
    `select detail from audit_entry where account_id = $1 and action = 'account.profile_updated' order by at, id`,
    [accountId],
  )
  return rows.map(({ detail }) => detail)
}

test('a profile is changed field by field: what is absent stays, null clears', async () => {
  const owner = await signInAsGuest(idem)
  // The language is what the request that provisioned it asked for.
  const empty = { displayName: null, locale: 'en', signInNotices: true, emails: [] }
  expect(await read(owner.accessToken)).toEqual(empty)
  const named = { ...empty, displayName: 'Ada Lovelace' }
  expect(dataOf(await update(owner.accessToken, { displayName: '  Ada Lovelace ' })).updateProfile).toEqual(
    named,
  )
  expect(await read(owner.accessToken)).toEqual(named)
  const german = { ...named, locale: 'de', signInNotices: false }
  const answer = await update(owner.accessToken, { locale: 'de', signInNotices: false })
  expect(dataOf(answer).updateProfile).toEqual(german)
  expect(await read(owner.accessToken)).toEqual(german)
  dataOf(await update(owner.accessToken, { displayName: null, locale: null }))
  expect(await read(owner.accessToken)).toEqual({ ...empty, locale: null, signInNotices: false })
  expect(await changesOf(owner)).toEqual([
    { changed: ['displayName'] },
    { changed: ['locale', 'signInNotices'] },
    { changed: ['displayName', 'locale'] },
  ])
})

test('what changes nothing leaves no audit line, and an empty name is none', async () => {
  const owner = await signInAsGuest(idem)
  dataOf(await update(owner.accessToken, { displayName: 'Grace' }))
  const before = await tables.contents()
  for (const input of [
    {},
    { displayName: 'Grace' },
    { locale: 'en', signInNotices: true, primaryEmail: null },
  ])
    dataOf(await update(owner.accessToken, input))
  expect(await tables.contents()).toEqual(before)
  expect(dataOf(await update(owner.accessToken, { displayName: '   ' })).updateProfile.displayName).toBeNull()
})

test.each([
  ['a name of 101 characters', { displayName: 'a'.repeat(101) }, 'displayName'],
  ['a name of ten thousand', { displayName: 'a'.repeat(10_000) }, 'displayName'],
  ['a name on two lines', { displayName: 'Ada\r\nBcc: everyone' }, 'displayName'],
  ['a name that turns the direction', { displayName: 'Ada\u202egrO' }, 'displayName'],
  ['a name with a null character', { displayName: 'Ada\u0000' }, 'displayName'],
  ['a locale that has no mails', { locale: 'fr' }, 'locale'],
  ['a locale in capitals', { locale: 'DE' }, 'locale'],
  ['an empty locale', { locale: '' }, 'locale'],
  ['a locale that is a path', { locale: '../en' }, 'locale'],
  ['a property of every object', { locale: '__proto__' }, 'locale'],
  ['notices that are neither on nor off', { signInNotices: null }, 'signInNotices'],
  ['no address', { primaryEmail: '' }, 'primaryEmail'],
  ['two addresses', { primaryEmail: 'a@example.org,b@example.org' }, 'primaryEmail'],
  ['an address with a line break', { primaryEmail: 'a@example.org\r\nBcc: b@example.org' }, 'primaryEmail'],
  ['an address of 10 KB', { primaryEmail: `${'a'.repeat(10_000)}@example.org` }, 'primaryEmail'],
  ['one wrong field beside a right one', { displayName: 'Ada', locale: 'xx' }, 'locale'],
])('%s is BAD_USER_INPUT that names the field, and changes nothing', async (_name, input, field) => {
  const { accessToken } = await signInAsGuest(idem)
  const before = await tables.contents()
  const answer = await update(accessToken, input)
  expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field })
  expect(await tables.contents()).toEqual(before)
})

test('turning the notices of sign-ins off asks for a recent proof, turning them on and all else does not', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken, accountId } = await owner.signIn()
  idem.clock.advance(11 * 60)
  const before = await tables.contents()
  for (const input of [{ signInNotices: false }, { displayName: 'Mallory', signInNotices: false }]) {
    const refused = await update(accessToken, input)
    expect(refused.errors[0]?.extensions).toMatchObject({
      code: 'STEP_UP_REQUIRED',
      acrValues: ['aal1'],
      maxAgeSeconds: 600,
    })
  }
  expect(await tables.contents()).toEqual(before)
  dataOf(await update(accessToken, { displayName: 'Ada', signInNotices: true }))
  const recent = dataOf(await owner.stepUp(accessToken)).stepUp.accessToken
  dataOf(await update(recent, { signInNotices: false }))
  // What is off already is not turned off.
  idem.clock.advance(4 * 60)
  const { accessToken: old } = dataOf(await owner.stepUp(recent)).stepUp
  idem.clock.advance(11 * 60)
  dataOf(await update(old, { signInNotices: false }))
  dataOf(await update(old, { signInNotices: true }))
  expect(codeOf(await update(old, { signInNotices: false }))).toBe('STEP_UP_REQUIRED')
  const rows = await tables.query('select sign_in_notices from account where id = $1', [accountId])
  expect(rows).toEqual([{ sign_in_notices: true }])
})

test('a guest, who has nothing to step up to, turns them off at any time', async () => {
  const { accessToken } = await signInAsGuest(idem)
  idem.clock.advance(11 * 60)
  expect(dataOf(await update(accessToken, { signInNotices: false })).updateProfile.signInNotices).toBe(false)
})

test('the oldest address is primary until another is chosen, in any spelling', async () => {
  const first = owned('first@example.org')
  const { accessToken } = await first.signIn()
  dataOf(await owned('second@xn--bcher-kva.example').tryLink(accessToken))
  const before = await read(accessToken)
  expect(before.emails.map((email: { address: string }) => email.address)).toEqual([
    'first@example.org',
    'second@xn--bcher-kva.example',
  ])
  expect(before.emails[0].verifiedAt).toBe(idem.clock.now().toISOString())
  expect(primaryOf(before)).toEqual(['first@example.org'])
  const changed = dataOf(await update(accessToken, { primaryEmail: ' SECOND@Bücher.example ' })).updateProfile
  expect(primaryOf(changed)).toEqual(['second@xn--bcher-kva.example'])
  expect(primaryOf(await read(accessToken))).toEqual(['second@xn--bcher-kva.example'])
  // Unlinked, it is primary no more, nor when it comes back.
  dataOf(await unlink(idem, accessToken, before.emails[1].id))
  expect(primaryOf(await read(accessToken))).toEqual(['first@example.org'])
  const cleared = dataOf(await update(accessToken, { primaryEmail: null })).updateProfile
  expect(primaryOf(cleared)).toEqual(['first@example.org'])
})

test('an address that is another’s and one that nobody has are refused alike', async () => {
  const [mine, others] = [owned('mine@example.org'), owned('others@example.org')]
  const { accessToken } = await mine.signIn()
  await others.signIn()
  // Asked for, and never proven.
  await owned('unproven@example.org').challenge({ purpose: 'LINK_IDENTITY', accessToken })
  const before = await tables.contents()
  const addresses = ['others@example.org', 'nobody@example.org', 'unproven@example.org']
  const answers = await Promise.all(
    addresses.map((address) => update(accessToken, { primaryEmail: address })),
  )
  const seen = answers.map(({ status, errors: [error] }) => ({
    status,
    message: error?.message,
    extensions: { ...error?.extensions, requestId: null },
  }))
  expect(new Set(seen.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(seen[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'primaryEmail', requestId: null })
  expect(await tables.contents()).toEqual(before)
})

test('an address unlinked while it is chosen is never the primary one of nobody', async () => {
  for (let round = 0; round < 8; round += 1) {
    const [kept, leaving] = [owned(`kept-${round}@example.org`), owned(`leaving-${round}@example.org`)]
    const { accessToken, accountId } = await kept.signIn()
    const linked = dataOf(await leaving.tryLink(accessToken)).linkIdentity.identity
    const [chosen, unlinked] = await Promise.all([
      update(accessToken, { primaryEmail: leaving.address }),
      unlink(idem, accessToken, linked.id),
    ])
    expect([null, 'BAD_USER_INPUT']).toContain(codeOf(chosen))
    expect(codeOf(unlinked)).toBeNull()
    const rows = await tables.query('select primary_email from account where id = $1', [accountId])
    expect(rows).toEqual([{ primary_email: null }])
  }
})

test('twenty changes at once: one of them stands, each with its audit line', async () => {
  const owner = await signInAsGuest(idem)
  const answers = await atOnce(20, (index) => update(owner.accessToken, { displayName: `name ${index}` }))
  expect(tally(answers)).toEqual({ ok: 20 })
  expect((await read(owner.accessToken)).displayName).toMatch(/^name \d+$/)
  expect(await changesOf(owner)).toHaveLength(20)
})

test('a token needs its scope to change a profile, and another to read what only its owner may', async () => {
  const owner = new KeyOwner(idem)
  for (const [scope, query] of [
    ['account:read', 'mutation { updateProfile(input: { displayName: "x" }) { id } }'],
    ['account:write', '{ me { locale } }'],
    ['account:write', '{ me { signInNotices } }'],
    ['account:write', '{ me { emails { address } } }'],
  ] as const) {
    const { accessToken, refreshToken } = await owner.signIn()
    await tables.setScope(sessionIdOf(accessToken), scope)
    const narrowed = dataOf(
      await idem.ask(
        'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
        { input: { refreshToken } },
      ),
    ).refreshSession
    expect(codeOf(await idem.askAs(narrowed.accessToken, query))).toBe('FORBIDDEN')
  }
})
