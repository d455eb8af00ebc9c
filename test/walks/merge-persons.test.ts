// The story of two accounts of one person: plan, choices, merge; and everything that must not pass.
import { expect, test } from 'vitest'
import { enrol, tryStepUpWith } from '../support/authenticator.js'
import {
  askMe,
  atOnce,
  codeOf,
  dataOf,
  refresh,
  setHandle,
  tally,
  unlink,
  untilRefused,
} from '../support/calls.js'
import { KeyOwner, type Person, type SignedIn, signInAsGuest, signInSomebody } from '../support/key-owner.js'
import { otherAccountFields, tryMerge } from '../support/merges.js'
import { PasskeyOwner } from '../support/passkey-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'
import type { Answer } from '../support/start-service.js'
import { withoutLimits } from '../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

const somebody = async (handle?: string): Promise<Person> => await signInSomebody(idem, handle)

/** The plan of a merge with another person, by its key. */
const planOf = async (own: Pick<Person, 'accessToken'>, other: Person) => {
  const { mergePlan, merge, tokens, identity } = dataOf(await other.key.link(own.accessToken)).linkIdentity
  expect([merge, tokens, identity]).toEqual([null, null, null])
  return mergePlan
}

const pair = async () => {
  const [first, second] = [await somebody(), await somebody()]
  return { first, second, plan: await planOf(first, second) }
}

const isWhole = async ({ accountId }: SignedIn): Promise<boolean> => {
  const [row] = await tables.query('select merged_into_id as "into" from account where id = $1', [accountId])
  return row.into === null
}

const rename = async (accessToken: string, displayName: string): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    'mutation ($name: String) { updateProfile(input: { displayName: $name }) { id } }',
    { name: displayName },
  )

test('two accounts of one person become one, as it chose', async () => {
  const [home, work] = [await somebody('ada.home'), await somebody('ada.work')]
  dataOf(await rename(home.accessToken, 'Ada'))
  dataOf(await rename(work.accessToken, 'Dr. Lovelace'))
  const before = await tables.counts()
  const plan = await planOf(home, work)
  expect(plan).toMatchObject({
    rule: 'OLDER_ACCOUNT',
    survivor: { accountId: home.accountId, kind: 'PERSON', handle: 'ada.home', identities: 1 },
    absorbed: { accountId: work.accountId },
    moves: [
      { what: 'IDENTITY', count: 1 },
      { what: 'HANDLE', count: 1 },
    ],
    conflicts: [
      { field: 'HANDLE', survivorValue: 'ada.home', absorbedValue: 'ada.work' },
      { field: 'DISPLAY_NAME', survivorValue: 'Ada', absorbedValue: 'Dr. Lovelace' },
    ],
  })
  // The plan has changed nothing but the spent challenge.
  expect(await tables.counts()).toEqual({ ...before, spent_challenge: (before['spent_challenge'] ?? 0) + 1 })

  const merged = await tryMerge(idem, home.accessToken, plan.ticket, {
    resolutions: [{ field: 'DISPLAY_NAME', from: work.accountId }],
  })
  expect(dataOf(merged).mergeAccounts).toMatchObject({
    survivorId: home.accountId,
    absorbedId: work.accountId,
    rule: 'OLDER_ACCOUNT',
    why: plan.why,
    proofs: [
      { side: 'SURVIVOR', method: 'key' },
      { side: 'ABSORBED', method: 'key' },
    ],
  })
  // The session goes on; that of the other account does not, and its key opens the survivor.
  const me = dataOf(await idem.askAs(home.accessToken, '{ me { handle displayName identities { id } } }')).me
  expect(me).toMatchObject({ handle: 'ada.home', displayName: 'Dr. Lovelace' })
  expect(me.identities).toHaveLength(2)
  await untilRefused(idem, work.accessToken)
  expect(await work.key.signIn()).toMatchObject({ accountId: home.accountId, provisioned: false })
  // Both names are the account's: it may take back the other one.
  expect(codeOf(await setHandle(idem, home.accessToken, 'ada.work'))).toBeNull()
})

test('whoever chooses the other account goes on in it, by a refresh', async () => {
  const { first, second, plan } = await pair()
  dataOf(await tryMerge(idem, first.accessToken, plan.ticket, { survivor: second.accountId }))
  await untilRefused(idem, first.accessToken)
  const next = await refresh(idem, first.refreshToken)
  expect(dataOf(await askMe(idem, next.accessToken)).me.id).toBe(second.accountId)
})

test('a ticket is used once, also at once', async () => {
  const { first, plan } = await pair()
  const answers = await atOnce(6, async () => await tryMerge(idem, first.accessToken, plan.ticket))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 5 })
  expect(codeOf(await tryMerge(idem, first.accessToken, plan.ticket))).toBe('CHALLENGE_SPENT')
})

test('a ticket is of one session, and lives for five minutes', async () => {
  const { first, second, plan } = await pair()
  const again = await first.key.signIn()
  const stranger = await somebody()
  for (const { accessToken } of [again, second, stranger])
    expect(codeOf(await tryMerge(idem, accessToken, plan.ticket))).toBe('PROOF_REJECTED')
  expect(codeOf(await tryMerge(idem, first.accessToken, 'nonsense'))).toBe('PROOF_REJECTED')
  idem.clock.advance(300)
  expect(codeOf(await tryMerge(idem, first.accessToken, plan.ticket))).toBe('CHALLENGE_EXPIRED')
  expect(await isWhole(second)).toBe(true)
})

test('a choice is between the two accounts, and one for each field', async () => {
  const { first, second, plan } = await pair()
  const stranger = await somebody()
  const wrong = [
    { survivor: stranger.accountId },
    { resolutions: [{ field: 'LOCALE', from: stranger.accountId }] },
    { resolutions: [first, second].map(({ accountId }) => ({ field: 'LOCALE', from: accountId })) },
    { survivor: 'nobody' },
  ]
  for (const choices of wrong)
    expect(codeOf(await tryMerge(idem, first.accessToken, plan.ticket, choices))).toBe('BAD_USER_INPUT')
  // What was refused has not spent the ticket.
  expect(codeOf(await tryMerge(idem, first.accessToken, plan.ticket))).toBeNull()
})

test.each<readonly [string, string, (second: Person, first: Person) => Promise<unknown>]>([
  ['renamed', 'CONFLICT', async ({ accessToken }) => dataOf(await rename(accessToken, 'Other'))],
  [
    'given another key',
    'CONFLICT',
    async (second) => dataOf(await new KeyOwner(idem).link(second.accessToken)),
  ],
  ['raised', 'CONFLICT', async (second) => await enrol(idem, second)],
  [
    'suspended',
    'MERGE_REFUSED',
    async ({ accountId }) =>
      await tables.query('update account set suspended_at = now() where id = $1', [accountId]),
  ],
  [
    'about to be deleted',
    'MERGE_REFUSED',
    async ({ accountId }) =>
      await tables.query('update account set deletion_due_at = now() where id = $1', [accountId]),
  ],
  [
    'merged elsewhere',
    'MERGE_REFUSED',
    async (second) => {
      const third = await somebody()
      const { ticket } = await planOf(third, second)
      dataOf(await tryMerge(idem, third.accessToken, ticket, { survivor: third.accountId }))
    },
  ],
  [
    'left by the proven identity',
    'CONFLICT',
    async (second) => {
      const other = new KeyOwner(idem)
      dataOf(await other.link(second.accessToken))
      const { me } = dataOf(await askMe(idem, second.accessToken))
      const proven = me.identities.find(
        ({ subject }: { subject: string }) => subject === second.key.publicKey,
      )
      dataOf(await unlink(idem, second.accessToken, proven.id))
    },
  ],
])('an account that was %s since the plan is not merged: %s', async (_, code, change) => {
  const { first, second, plan } = await pair()
  await change(second, first)
  expect(codeOf(await tryMerge(idem, first.accessToken, plan.ticket))).toBe(code)
  expect(await isWhole(first)).toBe(true)
  expect(await tables.query('select 1 from merge where survivor_id = $1', [first.accountId])).toEqual([])
})

test('a merge asks for a step-up', async () => {
  const { first, plan } = await pair()
  await tables.query(`update session set authenticated_at = authenticated_at - interval '1 hour'`)
  const { accessToken } = await refresh(idem, first.refreshToken)
  expect(codeOf(await tryMerge(idem, accessToken, plan.ticket))).toBe('STEP_UP_REQUIRED')
})

test('each of two persons merges with the other at once: it happens once', async () => {
  for (let round = 0; round < 4; round++) {
    const [first, second] = [await somebody(), await somebody()]
    const tickets = [(await planOf(first, second)).ticket, (await planOf(second, first)).ticket]
    const answers = await Promise.all([
      tryMerge(idem, first.accessToken, tickets[0]),
      tryMerge(idem, second.accessToken, tickets[1]),
    ])
    const codes = answers.map(codeOf)
    expect(codes.filter((code) => code === null)).toHaveLength(1)
    expect(['MERGE_REFUSED', 'UNAUTHENTICATED']).toContain(codes.find((code) => code !== null))
  }
})

test('an identity that is unlinked while its account is merged is unlinked or moves, and is never lost half way', async () => {
  for (let round = 0; round < 5; round++) {
    const { first, second, plan } = await pair()
    const extra = new KeyOwner(idem)
    const fresh = await second.key.signIn()
    dataOf(await extra.link(fresh.accessToken))
    const { ticket } = await planOf(first, second)
    const { me } = dataOf(await askMe(idem, fresh.accessToken))
    const { id } = me.identities.find(({ subject }: { subject: string }) => subject === extra.publicKey)
    const [merged, unlinked] = await Promise.all([
      tryMerge(idem, first.accessToken, ticket),
      unlink(idem, fresh.accessToken, id),
    ])
    expect([codeOf(merged), codeOf(unlinked)].filter((code) => code === null)).toHaveLength(1)
    const owners = await tables.query('select account_id as owner from identity where id = $1', [id])
    expect(owners).toEqual(codeOf(merged) === null ? [{ owner: first.accountId }] : [])
    expect(plan.ticket).not.toBe(ticket)
  }
})

test('the second factor of the other account is asked before there is a plan', async () => {
  const [first, second] = [await somebody(), await somebody()]
  const { app } = await enrol(idem, second)
  const half = dataOf(await second.key.link(first.accessToken)).linkIdentity
  expect(half).toMatchObject({ mergePlan: null, secondFactor: { method: 'totp' } })
  const query = `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { ${otherAccountFields} } }`
  const input = { challengeId: half.secondFactor.id, proof: app.proof() }
  const { mergePlan } = dataOf(await idem.askAs(first.accessToken, query, { input })).linkIdentity
  expect(mergePlan.moves).toContainEqual({ what: 'TOTP', count: 1 })
  dataOf(await tryMerge(idem, first.accessToken, mergePlan.ticket))
  // From now on the survivor asks for it.
  const [level] = await tables.query('select level from account where id = $1', [first.accountId])
  expect(level.level).toBe('aal2')
})

test('the second factor of the own account is asked too: a session of one factor gets no plan', async () => {
  const [first, second] = [await somebody(), await somebody()]
  const { app } = await enrol(idem, first)
  expect(codeOf(await second.key.link(first.accessToken))).toBe('STEP_UP_REQUIRED')
  idem.clock.advance(30)
  const raised = dataOf(await tryStepUpWith(idem, first.accessToken, { proof: app.proof() })).stepUp
  expect((await planOf(raised, second)).survivor.accountId).toBe(first.accountId)
})

test('a passkey of another account is proven, not registered: then there is a plan, or a guest is merged', async () => {
  const { owner, guest: holder } = await PasskeyOwner.registered(idem, { verifiesUser: false })
  const person = await somebody()
  const prove = async (accessToken: string) => {
    const { id, message } = await owner.challenge({ purpose: 'LINK_IDENTITY', accessToken })
    return await owner.linkWith(accessToken, id, owner.authenticator.get(message))
  }
  const { mergePlan } = dataOf(await prove(person.accessToken)).linkIdentity
  expect([mergePlan.survivor.accountId, mergePlan.absorbed.accountId]).toEqual([
    holder.accountId,
    person.accountId,
  ])
  const guest = await signInAsGuest(idem)
  const { merge, tokens } = dataOf(await prove(guest.accessToken)).linkIdentity
  expect(merge).toMatchObject({ survivorId: holder.accountId, absorbedId: guest.accountId })
  // A passkey that came with a merge still proves who one is: its user handle is that of its first account.
  dataOf(await tryMerge(idem, person.accessToken, mergePlan.ticket, { survivor: person.accountId }))
  const { signIn } = dataOf(await owner.signIn())
  expect(signIn.account.id).toBe(person.accountId)
  await untilRefused(idem, tokens.accessToken)
  // Of a stranger's passkey it proves nothing.
  const forger = new PasskeyOwner(idem)
  const { id, message } = await forger.challenge({
    purpose: 'LINK_IDENTITY',
    accessToken: person.accessToken,
  })
  const forged = forger.authenticator.get(message, { id: owner.authenticator.credentialId })
  expect(codeOf(await forger.linkWith(person.accessToken, id, forged))).toBe('PROOF_REJECTED')
  // Nor does a registration, also with the passkey itself, because nothing has signed it.
  const last = await signInAsGuest(idem)
  expect(codeOf(await owner.link(last.accessToken))).toBe('CONFLICT')
})

test('two guests with one proof at once are both merged, and an unlinked proof merges nobody', async () => {
  const person = await somebody()
  const guests = await atOnce(4, async () => await signInAsGuest(idem))
  const answers = await Promise.all(guests.map(async (guest) => await person.key.link(guest.accessToken)))
  expect(tally(answers)).toEqual({ ok: 4 })
  for (const { accountId } of guests)
    expect(
      await tables.query('select merged_into_id as "into" from account where id = $1', [accountId]),
    ).toEqual([{ into: person.accountId }])
  const [named] = await tables.query('select absorbed_ids as ids from account where id = $1', [
    person.accountId,
  ])
  expect(named.ids.toSorted()).toEqual(guests.map(({ accountId }) => accountId).toSorted())
})
