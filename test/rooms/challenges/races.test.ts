// A challenge is answered once, however many answer it at once, and issuing one writes nothing.
import { expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

const signInQuery =
  'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } tokens { accessToken } } }'

const rowsWritten = async (): Promise<number> => {
  // Statistics of other connections are flushed at the end of their transactions, at most once a second.
  const [row] = await tables.query(
    `select sum(n_tup_ins + n_tup_upd + n_tup_del)::int as count from pg_stat_user_tables`,
  )
  return row.count
}

const statements = async (): Promise<number> => {
  const { values } = await idem.foundation.metrics.databaseStatements.get()
  return values[0]?.value ?? 0
}

test('200 answers to one challenge at once: one signs in, the others find it spent', async () => {
  const owner = new KeyOwner(idem)
  const { accountId } = await owner.signIn()
  const before = await tables.counts()
  const input = owner.answer(await owner.challenge())
  const answers = await atOnce(200, () => idem.ask(signInQuery, { input }))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  expect(answers.find((answer) => codeOf(answer) === null)?.data.signIn.account.id).toBe(accountId)
  const after = await tables.counts()
  expect(after).toEqual({
    ...before,
    session: (before['session'] ?? 0) + 1,
    spent_challenge: (before['spent_challenge'] ?? 0) + 1,
    audit_entry: (before['audit_entry'] ?? 0) + 1,
  })
})

test('200 first sign-ins by one challenge at once: one account, one session', async () => {
  const before = await tables.counts()
  const owner = new KeyOwner(idem)
  const input = owner.answer(await owner.challenge({ handle: 'first-of-200' }))
  const answers = await atOnce(200, () => idem.ask(signInQuery, { input }))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  const after = await tables.counts()
  for (const table of ['account', 'handle', 'identity', 'session', 'spent_challenge'])
    expect([table, (after[table] ?? 0) - (before[table] ?? 0)]).toEqual([table, 1])
})

test('a challenge packed several times into one request is spent once', async () => {
  const owner = new KeyOwner(idem)
  const input = owner.answer(await owner.challenge())
  const fields = Array.from(
    { length: 5 },
    (_, index) => `try${index}: signIn(input: $input) { tokens { accessToken } }`,
  )
  const answer = await idem.ask(`mutation ($input: SignInInput!) { ${fields.join(' ')} }`, { input })
  expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['CHALLENGE_SPENT'])
  const [row] = await tables.query(
    'select count(*)::int as count from session s join identity i on i.id = s.identity_id where i.subject = $1',
    [owner.publicKey],
  )
  expect(row.count).toBeLessThanOrEqual(1)
})

test('a wrong answer does not spend the challenge, and a right one after it does', async () => {
  const owner = new KeyOwner(idem)
  const challenge = await owner.challenge()
  const wrong = new KeyOwner(idem).answer(challenge)
  const before = await tables.contents()
  const refused = await atOnce(20, () => idem.ask(signInQuery, { input: wrong }))
  expect(tally(refused)).toEqual({ PROOF_REJECTED: 20 })
  expect(await tables.contents()).toEqual(before)
  const statusOf = async () =>
    dataOf(await idem.ask('query ($id: ID!) { challenge(id: $id) { status } }', { id: challenge.id }))
      .challenge.status
  expect(await statusOf()).toBe('PENDING')
  dataOf(await idem.ask(signInQuery, { input: owner.answer(challenge) }))
  expect(await statusOf()).toBe('SPENT')
  expect(codeOf(await idem.ask(signInQuery, { input: owner.answer(challenge) }))).toBe('CHALLENGE_SPENT')
})

test('issuing a key challenge without a session asks the database nothing and writes nothing; spending it is written once', async () => {
  const owner = new KeyOwner(idem)
  await owner.signIn()
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await atOnce(10, () => owner.challenge())
  const [contents, written, sent] = [await tables.contents(), await rowsWritten(), await statements()]
  for (const options of [{}, { handle: 'somebody' }]) await atOnce(30, () => owner.challenge(options))
  expect(await statements()).toBe(sent)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect(await rowsWritten()).toBe(written)
  expect(await tables.contents()).toEqual(contents)
  const counts = await tables.counts()
  await owner.signIn()
  expect((await tables.counts())['spent_challenge']).toBe((counts['spent_challenge'] ?? 0) + 1)
})
