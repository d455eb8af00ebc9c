// The story of a merge that is undone: two persons, new data, the plan of the undo, the undo; and who may not.
import { expect, test } from 'vitest'
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
import { KeyOwner, type Person, signInAsGuest, signInSomebody } from '../support/key-owner.js'
import { tryMerge } from '../support/merges.js'
import { serviceOfFile } from '../support/service-of-file.js'
import type { Answer } from '../support/start-service.js'
import { withoutLimits } from '../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

const somebody = async (handle?: string): Promise<Person> => await signInSomebody(idem, handle)

/** Merges `other` into `own`; the id of the merge. */
const mergeOf = async (own: Person, other: Person): Promise<string> => {
  const { mergePlan } = dataOf(await other.key.link((await own.key.signIn()).accessToken)).linkIdentity
  const { accessToken } = await own.key.signIn()
  const again = dataOf(await other.key.link(accessToken)).linkIdentity.mergePlan
  expect(again.why).toBe(mergePlan.why)
  return dataOf(await tryMerge(idem, accessToken, again.ticket, { survivor: own.accountId })).mergeAccounts.id
}

const merged = async () => {
  const [own, other] = [await somebody(), await somebody()]
  return { own, other, id: await mergeOf(own, other) }
}

/** Whoever holds `own` unlinks what was merged into it. */
const unlinkOf = async (own: Person, other: Person): Promise<void> => {
  const [identity] = await tables.query('select id from identity where subject = $1', [other.key.publicKey])
  dataOf(await unlink(idem, (await own.key.signIn()).accessToken, identity.id))
}

const tryUndo = async (accessToken: string, id: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($id: ID!) { undoMerge(id: $id) { id undoneAt } }', { id })

const planQuery = `query ($id: ID!) { mergeUndoPlan(id: $id) {
  merge { id undoneAt } restores { what id description } stays { what id description } } }`

const planOf = async (accessToken: string, id: string) =>
  dataOf(await idem.askAs(accessToken, planQuery, { id })).mergeUndoPlan

const merges = async (accessToken: string) =>
  dataOf(await idem.askAs(accessToken, '{ merges { id survivorId absorbedId undoneAt } }')).merges

/** Everything that the accounts own; a session may come and go. */
const ownedBy = async (...ids: readonly string[]) =>
  await tables.query(
    `select 'account' as "table", to_jsonb(a) as row from account a where id = any($1)
     union all select 'identity', to_jsonb(i) - 'last_used_at' from identity i where account_id = any($1)
     union all select 'handle', to_jsonb(h) from handle h where account_id = any($1)
     union all select 'device', to_jsonb(d) from device d where account_id = any($1)
     order by 1, 2`,
    [ids],
  )

const idOf = async ({ accessToken }: { readonly accessToken: string }): Promise<string> =>
  dataOf(await askMe(idem, accessToken)).me.id

test('two persons are merged and parted again, and what was made meanwhile stays, as the plan said', async () => {
  const [home, work] = [await somebody('undo.home'), await somebody('undo.work')]
  const before = await ownedBy(home.accountId, work.accountId)
  const id = await mergeOf(home, work)
  const added = new KeyOwner(idem)
  const { accessToken } = await work.key.signIn()
  const { identity } = dataOf(await added.link(accessToken)).linkIdentity
  const plan = await planOf(accessToken, id)
  expect(plan.merge).toEqual({ id, undoneAt: null })
  expect(plan.restores.map(({ what }: { what: string }) => what).sort()).toEqual(['HANDLE', 'IDENTITY'])
  expect(plan.stays).toMatchObject([{ what: 'IDENTITY', id: identity.id }])
  expect(plan.stays[0].description).toContain('was added since the merge')

  expect(dataOf(await tryUndo(accessToken, id)).undoMerge.undoneAt).not.toBeNull()
  await untilRefused(idem, accessToken)
  expect(await idOf(await home.key.signIn())).toBe(home.accountId)
  expect(await idOf(await work.key.signIn())).toBe(work.accountId)
  expect(await idOf(await added.signIn())).toBe(home.accountId)
  const now = await ownedBy(home.accountId, work.accountId)
  expect(now.filter(({ row }) => row.id !== identity.id)).toEqual(before)
  for (const person of [home, work])
    expect(await merges((await person.key.signIn()).accessToken)).toMatchObject([
      { id, survivorId: home.accountId, absorbedId: work.accountId },
    ])
  const [{ report }] = await tables.query('select undo_report as report from merge where id = $1', [id])
  expect(report).toEqual({ restores: plan.restores, stays: plan.stays })
})

test('a guest that was merged is a guest again, by its old secret', async () => {
  const deviceSecret = Buffer.alloc(32, 7).toString('base64')
  const person = await somebody()
  const guest = await signInAsGuest(idem, { deviceSecret })
  const before = await ownedBy(guest.accountId, person.accountId)
  const { merge, tokens } = dataOf(await person.key.link(guest.accessToken)).linkIdentity
  dataOf(await tryUndo(tokens.accessToken, merge.id))
  expect((await signInAsGuest(idem, { deviceSecret })).accountId).toBe(guest.accountId)
  expect(await ownedBy(guest.accountId, person.accountId)).toEqual(before)
})

test('of 20 undos at once one succeeds; a later one is told', async () => {
  const { own, id } = await merged()
  const sessions = await atOnce(20, async () => await own.key.signIn())
  const answers = await atOnce(20, async (index) => await tryUndo(sessions[index]?.accessToken ?? '', id))
  expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 19 })
  expect(codeOf(await tryUndo((await own.key.signIn()).accessToken, id))).toBe('CONFLICT')
})

test('nobody else undoes it, nor sees its plan: not a stranger, not what was linked since', async () => {
  const { own, id } = await merged()
  const stranger = await somebody()
  const added = new KeyOwner(idem)
  dataOf(await added.link((await own.key.signIn()).accessToken))
  for (const { accessToken } of [stranger, await added.signIn()]) {
    expect(codeOf(await tryUndo(accessToken, id))).toBe('NOT_FOUND')
    expect(codeOf(await idem.askAs(accessToken, planQuery, { id }))).toBe('NOT_FOUND')
  }
  expect(codeOf(await tryUndo(stranger.accessToken, stranger.accountId))).toBe('NOT_FOUND')
})

test('the owner of what was unlinked since signs in as somebody new, undoes it, and is whole again', async () => {
  const { own, other, id } = await merged()
  await unlinkOf(own, other)
  const fresh = await other.key.signIn()
  expect(fresh.accountId).not.toBe(other.accountId)
  expect(await merges(fresh.accessToken)).toMatchObject([{ id, undoneAt: null }])
  dataOf(await tryUndo(fresh.accessToken, id))
  await untilRefused(idem, fresh.accessToken)
  expect((await other.key.signIn()).accountId).toBe(other.accountId)
  expect((await own.key.signIn()).accountId).toBe(own.accountId)
  const [made] = await tables.query('select merged_into_id as "into" from account where id = $1', [
    fresh.accountId,
  ])
  expect(made.into).toBe(other.accountId)
})

test('an account that has more keeps it, and only the identity returns', async () => {
  const { own, other, id } = await merged()
  await unlinkOf(own, other)
  const fresh = await other.key.signIn()
  const further = new KeyOwner(idem)
  dataOf(await further.link(fresh.accessToken))
  dataOf(await tryUndo(fresh.accessToken, id))
  expect((await other.key.signIn()).accountId).toBe(other.accountId)
  expect((await further.signIn()).accountId).toBe(fresh.accountId)
})

test('a chain is undone in the middle, and from its end', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [a, b, c] = [await somebody(), await somebody(), await somebody()]
    const before = await ownedBy(a.accountId, b.accountId, c.accountId)
    const ids = [await mergeOf(b, a), await mergeOf(c, b)]
    expect((await a.key.signIn()).accountId).toBe(c.accountId)
    // Once the first account is parted, the second merge is none of its own.
    for (const index of order) {
      const owner = index === 0 ? a : b
      dataOf(await tryUndo((await owner.key.signIn()).accessToken, ids[index] ?? ''))
    }
    for (const person of [a, b, c]) expect((await person.key.signIn()).accountId).toBe(person.accountId)
    expect(await ownedBy(a.accountId, b.accountId, c.accountId)).toEqual(before)
  }
})

test('a handle that the survivor picked since stays with it', async () => {
  const [own, other] = [await somebody('picks.one'), await somebody('picks.two')]
  const id = await mergeOf(own, other)
  dataOf(await setHandle(idem, (await own.key.signIn()).accessToken, 'picks.two'))
  const { accessToken } = await other.key.signIn()
  expect((await planOf(accessToken, id)).stays).toMatchObject([{ what: 'HANDLE', id: 'picks.two' }])
  dataOf(await tryUndo(accessToken, id))
  expect(dataOf(await askMe(idem, (await own.key.signIn()).accessToken)).me.handle).toBe('picks.two')
  expect(dataOf(await askMe(idem, (await other.key.signIn()).accessToken)).me.handle).toBeNull()
})

test('while the survivor is suspended it cannot be undone, and while it waits to be deleted it can', async () => {
  const first = await merged()
  await unlinkOf(first.own, first.other)
  const { accessToken } = await first.other.key.signIn()
  await tables.query('update account set suspended_at = $2 where id = $1', [
    first.own.accountId,
    idem.clock.now(),
  ])
  expect(codeOf(await tryUndo(accessToken, first.id))).toBe('MERGE_REFUSED')
  expect(await ownedBy(first.other.accountId)).toHaveLength(1)

  const second = await merged()
  const session = await second.other.key.signIn()
  dataOf(await idem.askAs(session.accessToken, 'mutation { deleteAccount { dueAt } }'))
  dataOf(await tryUndo(session.accessToken, second.id))
  expect((await second.other.key.signIn()).accountId).toBe(second.other.accountId)
})

test('after 30 days it is too late, and without a recent proof it is asked for', async () => {
  const { own, id } = await merged()
  const { refreshToken } = await own.key.signIn()
  // Older than a step-up may be, younger than the access token.
  idem.clock.advance(601)
  const refreshed = await refresh(idem, refreshToken)
  expect(codeOf(await tryUndo(refreshed.accessToken, id))).toBe('STEP_UP_REQUIRED')
  idem.clock.advance(30 * 24 * 3_600)
  expect(codeOf(await tryUndo((await own.key.signIn()).accessToken, id))).toBe('MERGE_REFUSED')
})
