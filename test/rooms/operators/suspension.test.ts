// Suspending accounts and ending their sessions: at once, once, audited, and never an operator's.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  askMe,
  atOnce,
  codeOf,
  dataOf,
  setHandle,
  tally,
  tryRefresh,
  untilRefused,
} from '../../support/calls.js'
import { EmailOwner, otherCode } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { mailboxInbox, mailsTo } from '../../support/mail-reader.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

/** Handles that nobody has yet. */
const risen = ['risen-1', 'risen-2', 'risen-3', 'risen-4', 'risen-5', 'risen-6', 'risen-7', 'risen-8']
const { idem, tables } = await serviceOfFile({
  environment: { IDEM_OPERATORS: ['operator-ada', 'ops@example.org', ...risen].join(', ') },
})
const ada = new KeyOwner(idem)
const { accessToken: operator, accountId: operatorId } = await ada.signIn('operator-ada')

const suspend = async (id: string, { by = operator, reason = 'spam' } = {}): Promise<Answer> =>
  await idem.askAs(
    by,
    'mutation ($id: ID!, $reason: String!) { suspendAccount(id: $id, reason: $reason) { id suspendedAt } }',
    { id, reason },
  )

const reinstate = async (id: string, by = operator): Promise<Answer> =>
  await idem.askAs(by, 'mutation ($id: ID!) { reinstateAccount(id: $id) { id suspendedAt } }', { id })

const endSessions = async (id: string, by = operator): Promise<Answer> =>
  await idem.askAs(by, 'mutation ($id: ID!) { endAccountSessions(id: $id) }', { id })

const liveSessionsOf = async (accountId: string): Promise<number> =>
  (
    await tables.query(
      'select count(*)::int as live from session where account_id = $1 and ended_at is null',
      [accountId],
    )
  )[0].live

const suspendedActs = async (accountId: string): Promise<string[]> =>
  (await tables.actsOn(accountId)).filter((act) => /suspended|reinstated|sessions_ended/.test(act))

test('a suspended account is out at once, and stays out until it is reinstated', async () => {
  const owner = new KeyOwner(idem)
  const [first, second] = [await owner.signIn('loud-one'), await owner.signIn()]
  const { accountId } = first
  // Asked for before, answered after.
  const stepUp = await owner.challenge({ purpose: 'STEP_UP', accessToken: first.accessToken })
  const link = new KeyOwner(idem)
  expect(codeOf(await askMe(idem, first.accessToken))).toBeNull()
  const suspendedAt = idem.clock.now().toISOString()
  expect(dataOf(await suspend(accountId)).suspendAccount).toEqual({ id: accountId, suspendedAt })
  expect(await liveSessionsOf(accountId)).toBe(0)
  for (const { accessToken, refreshToken } of [first, second]) {
    await untilRefused(idem, accessToken)
    expect(codeOf(await tryRefresh(idem, refreshToken))).toBe('UNAUTHENTICATED')
  }
  const answer = { input: owner.answer(stepUp) }
  const mutation = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
  expect(codeOf(await idem.askAs(first.accessToken, mutation, answer))).toBe('UNAUTHENTICATED')
  await expect(link.link(first.accessToken)).rejects.toThrow('UNAUTHENTICATED')
  // Only who proves the key hears of it; nothing is written, not even that the challenge is spent.
  const challenge = await owner.challenge()
  const signIn = async (by: KeyOwner): Promise<Answer> =>
    await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }', {
      input: by.answer(challenge),
    })
  const before = await tables.contents()
  expect(codeOf(await signIn(link))).toBe('PROOF_REJECTED')
  expect(codeOf(await signIn(owner))).toBe('FORBIDDEN')
  expect(await tables.contents()).toEqual(before)
  expect(dataOf(await reinstate(accountId)).reinstateAccount).toEqual({ id: accountId, suspendedAt: null })
  // The sessions that it had stay ended.
  expect(codeOf(await tryRefresh(idem, first.refreshToken))).toBe('UNAUTHENTICATED')
  expect(dataOf(await signIn(owner)).signIn.account.id).toBe(accountId)
  expect(await suspendedActs(accountId)).toEqual(['account.suspended', 'account.reinstated'])
})

test('an address hears that its account is suspended only after its code', async () => {
  const owner = new EmailOwner(idem, unsentInbox(idem), 'loud@example.org')
  const { accountId } = await owner.signIn()
  dataOf(await suspend(accountId))
  const { id } = await owner.challenge()
  const code = await owner.code(2)
  expect(codeOf(await owner.trySignIn(id, otherCode(code)))).toBe('PROOF_REJECTED')
  expect(codeOf(await owner.trySignIn(id, code))).toBe('FORBIDDEN')
  expect(await liveSessionsOf(accountId)).toBe(0)
})

test('suspended twice at once it is suspended once; reinstated twice at once, reinstated once', async () => {
  const { accountId } = await signInAsGuest(idem)
  expect(tally(await atOnce(10, () => suspend(accountId)))).toEqual({ ok: 1, CONFLICT: 9 })
  expect(tally(await atOnce(10, () => reinstate(accountId)))).toEqual({ ok: 1, CONFLICT: 9 })
  expect(codeOf(await reinstate(accountId))).toBe('CONFLICT')
  expect(await suspendedActs(accountId)).toEqual(['account.suspended', 'account.reinstated'])
})

test('the audit line says who, whom and why, and lies in the transaction of the change with the notice', async () => {
  const { accountId } = await signInAsGuest(idem)
  dataOf(await suspend(accountId, { reason: '  spam, twice ' }))
  const [line] = await tables.query(
    `select a.id, a.actor_id, a.detail, (a.xmin = c.xmin and a.xmin = s.xmin and a.xmin = o.xmin) as together
     from audit_entry a join account c on c.id = a.account_id join session s on s.account_id = c.id
     join outbox_entry o on o.payload->>'auditEntryId' = a.id::text
     where a.account_id = $1 and a.action = 'account.suspended'`,
    [accountId],
  )
  expect(line).toMatchObject({ actor_id: operatorId, together: true })
  expect(line.detail).toEqual({ reason: 'spam, twice', endedSessions: 1 })
})

test('50 sign-ins while the account is suspended leave no live session', async () => {
  for (let round = 0; round < 3; round += 1) {
    const owner = new KeyOwner(idem)
    const { accountId } = await owner.signIn()
    const challenges = await atOnce(50, () => owner.challenge())
    const signIn = async (challenge: Awaited<ReturnType<KeyOwner['challenge']>>): Promise<Answer> =>
      await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }', {
        input: owner.answer(challenge),
      })
    const before = challenges.slice(0, 25).map(signIn)
    const suspended = suspend(accountId)
    const after = challenges.slice(25).map(signIn)
    expect(codeOf(await suspended)).toBeNull()
    const signIns = await Promise.all([...before, ...after])
    const { ok = 0, FORBIDDEN = 0 } = tally(signIns)
    expect(ok + FORBIDDEN).toBe(50)
    expect(await liveSessionsOf(accountId)).toBe(0)
    for (const signIn of signIns)
      if (codeOf(signIn) === null) await untilRefused(idem, signIn.data.signIn.tokens.accessToken)
  }
})

test('a refresh, a step-up and a link at the moment of suspension leave no live session and no identity', async () => {
  for (let round = 0; round < 8; round += 1) {
    const [owner, further] = [new KeyOwner(idem), new KeyOwner(idem)]
    const { accountId, accessToken, refreshToken } = await owner.signIn()
    const answers = await Promise.all([
      suspend(accountId),
      tryRefresh(idem, refreshToken),
      owner.stepUp(accessToken).catch(() => null),
      further.link(accessToken).catch(() => null),
    ])
    expect(codeOf(answers[0])).toBeNull()
    for (const answer of answers.slice(1))
      if (answer !== null) expect([null, 'UNAUTHENTICATED', 'FORBIDDEN']).toContain(codeOf(answer))
    expect(await liveSessionsOf(accountId)).toBe(0)
    await untilRefused(idem, accessToken)
    expect(codeOf(await owner.trySignIn())).toBe('FORBIDDEN')
  }
})

test('an operator suspends neither itself nor another operator, by handle or by address', async () => {
  const other = await new EmailOwner(idem, unsentInbox(idem), 'ops@example.org').signIn()
  const before = await tables.contents()
  for (const id of [operatorId, other.accountId]) expect(codeOf(await suspend(id))).toBe('FORBIDDEN')
  expect(codeOf(await suspend(operatorId, { by: other.accessToken }))).toBe('FORBIDDEN')
  expect(await tables.contents()).toEqual(before)
  // Its sessions can be ended: one may have been stolen.
  expect(dataOf(await endSessions(other.accountId)).endAccountSessions).toBe(1)
  await untilRefused(idem, other.accessToken)
})

test('an account that becomes an operator while it is suspended is an operator, or is out', async () => {
  for (const handle of risen) {
    const { accountId, accessToken } = await new KeyOwner(idem).signIn()
    const [suspended] = await Promise.all([suspend(accountId), setHandle(idem, accessToken, handle)])
    expect([null, 'FORBIDDEN']).toContain(codeOf(suspended))
    const [account] = await tables.query('select suspended_at from account where id = $1', [accountId])
    expect(account.suspended_at === null).toBe(codeOf(suspended) === 'FORBIDDEN')
    expect(await liveSessionsOf(accountId)).toBe(codeOf(suspended) === null ? 0 : 1)
  }
})

test.each([
  ['no reason', ''],
  ['a reason of spaces', '   '],
  ['a reason of 101 characters', 'a'.repeat(101)],
  ['a reason on two lines', 'spam\nreason: none'],
])('%s is BAD_USER_INPUT', async (_name, reason) => {
  const { accountId } = await signInAsGuest(idem)
  const before = await tables.contents()
  const answer = await suspend(accountId, { reason })
  expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'reason' })
  expect(await tables.contents()).toEqual(before)
})

test('all sessions of an account end, and are counted; its owner signs in again', async () => {
  const owner = new KeyOwner(idem)
  const sessions = [await owner.signIn(), await owner.signIn(), await owner.signIn()]
  const accountId = sessions[0]?.accountId ?? ''
  const numbers = await atOnce(
    5,
    async () => dataOf(await endSessions(accountId)).endAccountSessions as number,
  )
  expect(numbers.toSorted()).toEqual([0, 0, 0, 0, 3])
  for (const { accessToken } of sessions) await untilRefused(idem, accessToken)
  expect((await owner.signIn()).accountId).toBe(accountId)
  // What an operator did is audited, also where it ended none.
  expect(await suspendedActs(accountId)).toEqual(Array(5).fill('account.sessions_ended'))
})

test('nobody else does any of it, an operator not upon what is not there, nor long after it proved itself', async () => {
  const owner = new KeyOwner(idem)
  const { accountId } = await owner.signIn()
  const stranger = await new KeyOwner(idem).signIn()
  const before = await tables.contents()
  const asStranger = [
    await suspend(accountId, { by: stranger.accessToken }),
    await suspend(stranger.accountId, { by: stranger.accessToken }),
    await reinstate(accountId, stranger.accessToken),
    await endSessions(accountId, stranger.accessToken),
  ]
  expect(tally(asStranger)).toEqual({ FORBIDDEN: 4 })
  const acts = [(id: string) => suspend(id), (id: string) => reinstate(id), (id: string) => endSessions(id)]
  for (const act of acts) {
    expect(codeOf(await act(randomUUID()))).toBe('NOT_FOUND')
    expect(codeOf(await act('operator-ada'))).toBe('BAD_USER_INPUT')
  }
  idem.clock.advance(601)
  const stale = await atOnce(1, () => suspend(accountId))
  expect(tally(stale)).toEqual({ STEP_UP_REQUIRED: 1 })
  expect(await tables.contents()).toEqual(before)
})

test('the owner is told by mail of both, without the reason or where the operator is', async () => {
  const { accessToken: recent } = await ada.signIn()
  const owner = new EmailOwner(idem, mailboxInbox(idem), 'told@example.org')
  const worker = await startTestWorker(idem)
  try {
    const { accountId } = await owner.signIn()
    dataOf(await suspend(accountId, { by: recent, reason: 'a-private-reason' }))
    const [suspended] = await mailsTo(owner.inbox, owner.address, 2)
    expect(suspended?.text).toContain('suspended')
    dataOf(await reinstate(accountId, recent))
    const [reinstated] = await mailsTo(owner.inbox, owner.address, 3)
    expect(reinstated?.text).toContain('reinstated')
    for (const mail of [suspended, reinstated])
      expect(mail?.text).not.toMatch(/a-private-reason|127\.0\.0\.1/)
  } finally {
    await worker.stop()
  }
})
