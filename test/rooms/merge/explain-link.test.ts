// explainLink: the rule and the words of a merge beforehand, for whom it may concern, changing nothing.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { askMe, dataOf } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'operator-ada' } })
const operator = await new KeyOwner(idem).signIn('operator-ada')

const ask = async (input: object, by: Pick<SignedIn, 'accessToken'> = operator): Promise<Answer> =>
  await idem.askAs(
    by.accessToken,
    `query ($input: ExplainLinkInput!) { explainLink(input: $input) {
      outcome rule reason why survivorId absorbedId } }`,
    { input },
  )

const explain = async (input: object, by?: Pick<SignedIn, 'accessToken'>) =>
  dataOf(await ask(input, by)).explainLink

const accounts = (own: SignedIn, other: SignedIn) => ({
  own: { accountId: own.accountId },
  other: { accountId: other.accountId },
})

const identityOf = async ({ accessToken }: SignedIn) =>
  dataOf(await askMe(idem, accessToken)).me.identities[0]

const person = async (): Promise<SignedIn> => await new KeyOwner(idem).signIn()

test('each rule is named with the account that survives by it, whichever way the sides are named', async () => {
  const [older, newer, guest] = [await person(), await person(), await signInAsGuest(idem)]
  const survives = (survivor: SignedIn, absorbed: SignedIn, rule: string) => ({
    outcome: 'MERGED',
    rule,
    reason: null,
    why: expect.stringMatching(/^[A-Z].+\.$/),
    survivorId: survivor.accountId,
    absorbedId: absorbed.accountId,
  })
  const before = await tables.contents()
  expect(await explain(accounts(older, newer))).toEqual(survives(older, newer, 'OLDER_ACCOUNT'))
  expect(await explain(accounts(newer, older))).toEqual(survives(older, newer, 'OLDER_ACCOUNT'))
  expect(await explain({ ...accounts(older, newer), survivor: newer.accountId })).toEqual(
    survives(newer, older, 'CHOSEN'),
  )
  expect(await explain(accounts(guest, newer))).toEqual(survives(newer, guest, 'GUEST_INTO_ACCOUNT'))
  expect(await explain(accounts(newer, guest))).toEqual(survives(newer, guest, 'PERSON_OVER_GUEST'))
  // A guest never survives a person, also if that was wished.
  expect(await explain({ ...accounts(newer, guest), survivor: guest.accountId })).toEqual(
    survives(newer, guest, 'PERSON_OVER_GUEST'),
  )
  const { id: identityId } = await identityOf(newer)
  const { method, issuer, subject } = await identityOf(older)
  expect(await explain({ own: { identityId }, other: { identity: { method, issuer, subject } } })).toEqual(
    survives(older, newer, 'OLDER_ACCOUNT'),
  )
  expect(await tables.contents()).toEqual(before)
})

test('an identity that leads to no account would be linked; one of a former guest never', async () => {
  const { accountId, accessToken } = await signInAsGuest(idem)
  const { method, issuer, subject } = await identityOf({ accessToken } as SignedIn)
  const unknown = { identity: { method: 'key', issuer: 'ed25519', subject: new KeyOwner(idem).publicKey } }
  const own = { accountId }
  const linked = { outcome: 'LINKED', rule: null, reason: null, survivorId: accountId, absorbedId: null }
  expect(await explain({ own, other: unknown })).toMatchObject(linked)
  dataOf(await new KeyOwner(idem).link(accessToken))
  const other = { identity: { method, issuer, subject } }
  expect(await explain({ own, other })).toMatchObject({ outcome: 'REFUSED', reason: null, survivorId: null })
  expect((await ask({ own: unknown, other: unknown })).errors[0]?.extensions['code']).toBe('NOT_FOUND')
})

test('what cannot be merged says why', async () => {
  const [one, two] = [await person(), await person()]
  const reason = async () => (await explain(accounts(one, two))).reason
  const set = async (change: string) =>
    void (await tables.query(`update account set ${change} where id = $1`, [two.accountId]))
  expect(await explain(accounts(one, one))).toMatchObject({ outcome: 'REFUSED', reason: 'SAME_ACCOUNT' })
  const changes = [
    ['SUSPENDED', 'suspended_at = now()', 'suspended_at = null'],
    ['DELETED', 'deletion_due_at = now()', 'deletion_due_at = null'],
    ['SERVICE', "kind = 'SERVICE'", "kind = 'PERSON'"],
  ] as const
  for (const [expected, change, back] of changes) {
    await set(change)
    await expect.poll(reason, { timeout: 2_000 }).toBe(expected)
    await set(back)
    await expect.poll(reason, { timeout: 2_000 }).toBeNull()
  }
})

test('the merge that is then done has the same rule and the same words, and so has its audit entry', async () => {
  const { foundation } = idem
  const [first, second, guest] = [await person(), await person(), await signInAsGuest(idem)]
  for (const [own, other] of [
    [second, first],
    [guest, first],
  ] as const) {
    const { rule, why, survivorId } = await explain(accounts(own, other))
    const wish = { survivorId: null, choices: new Map(), proofs: [], session: null }
    const request = { ownId: own.accountId, otherId: other.accountId, ...wish }
    const { merge } = await mergeAccounts(foundation.ownCall(), request, {
      ...foundation,
      random: systemRandom,
    })
    expect({ rule: merge.rule, why: merge.why, survivorId: merge.survivor }).toEqual({
      rule,
      why,
      survivorId,
    })
    const [entry] = await tables.query(
      "select detail from audit_entry where action = 'account.merged' and detail->>'mergeId' = $1",
      [merge.id],
    )
    expect(entry.detail).toMatchObject({ rule, why })
    expect(await explain(accounts(own, other))).toMatchObject({ reason: 'SAME_ACCOUNT' })
  }
})

test('others hear of their own account alone, and not whether anything else exists', async () => {
  const [owner, stranger] = [await person(), await person()]
  const own = { accountId: owner.accountId }
  const { id: identityId, method, issuer, subject } = await identityOf(owner)
  for (const other of [own, { identityId }, { identity: { method, issuer, subject } }])
    expect(await explain({ own, other }, owner)).toMatchObject({ reason: 'SAME_ACCOUNT' })
  const theirs = await identityOf(stranger)
  const refusals = await Promise.all(
    [
      { accountId: stranger.accountId },
      { accountId: randomUUID() },
      { identityId: theirs.id },
      { identityId: randomUUID() },
      { identity: { method: 'key', issuer: 'ed25519', subject: theirs.subject } },
      { identity: { method: 'key', issuer: 'ed25519', subject: new KeyOwner(idem).publicKey } },
    ].flatMap((side) => [ask({ own, other: side }, owner), ask({ own: side, other: own }, owner)]),
  )
  for (const { errors } of refusals) {
    const [{ message, extensions } = { message: '', extensions: {} }] = errors
    expect([message, { ...extensions, requestId: null }]).toEqual([
      'You may ask about your own account and its identities alone.',
      { code: 'FORBIDDEN', requestId: null },
    ])
  }
})

test('an operator is told what does not exist, and a wish that fits neither account is refused', async () => {
  const [one, two] = [await person(), await person()]
  const extensions = async (input: object) => (await ask(input)).errors[0]?.extensions
  const own = { accountId: one.accountId }
  for (const other of [{ accountId: randomUUID() }, { identityId: randomUUID() }])
    expect(await extensions({ own, other })).toMatchObject({ code: 'NOT_FOUND' })
  for (const survivor of [randomUUID(), operator.accountId])
    expect(await extensions({ ...accounts(one, two), survivor })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'survivor',
    })
  for (const [input, field] of [
    [{ own: { accountId: 'x' }, other: own }, 'own.accountId'],
    [{ own, other: { identityId: "1'--" } }, 'other.identityId'],
    [{ own, other: own, survivor: 'x' }, 'survivor'],
  ] as const)
    expect(await extensions(input)).toMatchObject({ code: 'BAD_USER_INPUT', field })
  for (const side of [{}, { ...own, identityId: randomUUID() }])
    expect(await extensions({ own: side, other: own })).toMatchObject({ code: 'BAD_USER_INPUT' })
})
