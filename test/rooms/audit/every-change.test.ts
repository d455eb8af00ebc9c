// Every change of state leaves its audit line, in its own transaction; a refusal leaves none.
import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  askMe,
  codeOf,
  dataOf,
  refresh,
  revoke,
  sessionIdOf,
  setHandle,
  tryRefresh,
  unlink,
} from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { tryMerge } from '../../support/merges.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const environment = { IDEM_OPERATORS: 'audited-operator, together-operator' }
const { idem, tables } = await serviceOfFile({ environment })

/** Changes that only operators make, upon an account. */
const operatorsChanges = {
  'account.sessions_ended': 'mutation ($id: ID!) { endAccountSessions(id: $id) }',
  'account.suspended': 'mutation ($id: ID!) { suspendAccount(id: $id, reason: "spam") { id } }',
  'account.reinstated': 'mutation ($id: ID!) { reinstateAccount(id: $id) { id } }',
}

/** Changes what the account wants to be called. */
const rename = async (service: TestService, accessToken: string, displayName: string): Promise<Answer> =>
  await service.askAs(
    accessToken,
    'mutation ($name: String) { updateProfile(input: { displayName: $name }) { id } }',
    { name: displayName },
  )

/** A job that was given up. */
const failJob = async (service: TestService): Promise<string> => {
  const { outbox, ownCall } = service.foundation
  const id = randomUUID()
  await ownCall().write(outbox.row(ownCall(), id, { name: 'rotate-signing-key', payload: {} }))
  await outbox.noteFailed(ownCall(), id, 'for this test')
  return id
}

/** What `work` added to the audit log, and what it did. */
const audited = async <T>(
  work: () => Promise<T>,
): Promise<{ result: T; acts: Record<string, unknown>[] }> => {
  const known = await tables.query('select id from audit_entry')
  const result = await work()
  const acts = await tables.query(
    `select action, account_id as "accountId", actor_id as "actorId", session_id as "sessionId",
       request_id as "requestId", address, detail, xmin::text as transaction
     from audit_entry where not (id = any($1::uuid[])) order by at, id`,
    [known.map((row) => row.id)],
  )
  return { result, acts }
}

const actions = (acts: Record<string, unknown>[]): unknown[] => acts.map((act) => act['action']).sort()

test('registration and sign-in are audited with who, where and by which request', async () => {
  const owner = new KeyOwner(idem)
  const { result, acts } = await audited(() => owner.signIn('audited'))
  expect(actions(acts)).toEqual(['account.provisioned', 'session.started'])
  for (const act of acts)
    expect(act).toMatchObject({
      accountId: result.accountId,
      actorId: result.accountId,
      address: '127.0.0.1',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      detail: { method: 'key' },
    })
  const again = await audited(() => owner.signIn())
  expect(actions(again.acts)).toEqual(['session.started'])
  expect(again.acts[0]).toMatchObject({ sessionId: sessionIdOf(again.result.accessToken) })
})

test('each further change is audited by its account and session', async () => {
  const [owner, second] = [new KeyOwner(idem), new KeyOwner(idem)]
  const { accessToken, refreshToken, accountId } = await owner.signIn()
  const by = { accountId, actorId: accountId, sessionId: sessionIdOf(accessToken) }
  const expectOne = async (action: string, work: () => Promise<unknown>, detail: object = {}) => {
    const { acts } = await audited(work)
    expect(acts).toEqual([expect.objectContaining({ action, ...by })])
    expect(acts[0]?.['detail']).toMatchObject(detail)
  }
  await expectOne('account.handle_set', () => setHandle(idem, accessToken, 'first-name'), {
    from: null,
    to: 'first-name',
  })
  await expectOne('account.handle_set', () => setHandle(idem, accessToken, 'other-name'), {
    from: 'first-name',
    to: 'other-name',
  })
  await expectOne('account.profile_updated', () => rename(idem, accessToken, 'Ada'), {
    changed: ['displayName'],
  })
  await expectOne('identity.linked', () => second.link(accessToken), { method: 'key' })
  await expectOne('session.stepped_up', () => owner.stepUp(accessToken), { method: 'key' })
  await expectOne('session.refreshed', () => refresh(idem, refreshToken))
  const { me } = dataOf(await askMe(idem, accessToken))
  const id = me.identities.find((identity: { subject: string }) => identity.subject === second.publicKey).id
  const relabel = 'mutation ($id: ID!) { renameIdentity(id: $id, label: "second key") { id } }'
  await expectOne('identity.renamed', () => idem.askAs(accessToken, relabel, { id }), { identityId: id })
  const other = await second.signIn()
  await expectOne('identity.unlinked', () => unlink(idem, accessToken, id), {
    identityId: id,
    endedSessions: 1,
  })
  expect(codeOf(await tryRefresh(idem, other.refreshToken))).toBe('UNAUTHENTICATED')
  const third = await owner.signIn()
  await expectOne('session.revoked', () => revoke(idem, accessToken, sessionIdOf(third.accessToken)))
  await owner.signIn()
  await expectOne('session.revoked', () => idem.askAs(accessToken, 'mutation { revokeOtherSessions }'))
  const absorbed = new KeyOwner(idem)
  const { accountId: absorbedId } = await absorbed.signIn()
  const planned = await audited(() => absorbed.link(accessToken))
  expect(planned.acts).toEqual([])
  const { ticket, why } = dataOf(planned.result).linkIdentity.mergePlan
  // With the words of the plan.
  await expectOne('account.merged', () => tryMerge(idem, accessToken, ticket), { absorbedId, why })
  await expectOne('session.ended', () => idem.askAs(accessToken, 'mutation { endSession }'))
})

test('what operators do is audited by the operator, upon whom it was done', async () => {
  const operator = await new KeyOwner(idem).signIn('audited-operator')
  const by = { actorId: operator.accountId, sessionId: sessionIdOf(operator.accessToken) }
  const { accountId } = await signInAsGuest(idem)
  for (const [action, query] of Object.entries(operatorsChanges)) {
    const { acts } = await audited(() => idem.askAs(operator.accessToken, query, { id: accountId }))
    expect(acts).toEqual([expect.objectContaining({ action, accountId, ...by })])
  }
  for (const query of ['mutation ($id: ID!) { retryFailedJob(id: $id) }', 'mutation { retryFailedJobs }']) {
    const id = await failJob(idem)
    const { acts } = await audited(() => idem.askAs(operator.accessToken, query, { id }))
    const retried = query.includes('$id') ? id : 'all'
    expect(acts).toEqual([
      expect.objectContaining({ action: 'job.retried', accountId: null, ...by, detail: { retried } }),
    ])
  }
})

test('a guest that becomes a person, and a reused refresh token, are audited', async () => {
  const guest = await signInAsGuest(idem, { deviceSecret: randomBytes(32).toString('base64') })
  const linked = await audited(() => new KeyOwner(idem).link(guest.accessToken))
  expect(actions(linked.acts)).toEqual(['account.became_person', 'identity.linked', 'identity.unlinked'])
  const next = await refresh(idem, guest.refreshToken)
  await refresh(idem, next.refreshToken)
  const reused = await audited(() => tryRefresh(idem, guest.refreshToken))
  expect(reused.acts).toEqual([
    expect.objectContaining({
      action: 'session.refresh_reused',
      accountId: guest.accountId,
      sessionId: sessionIdOf(guest.accessToken),
    }),
  ])
})

test('the audit line is written by the transaction of the change', async () => {
  const owner = new KeyOwner(idem)
  const second = new KeyOwner(idem)
  const { result, acts } = await audited(() => owner.signIn('together'))
  const sessionId = sessionIdOf(result.accessToken)
  const transactionOf = async (table: string, column: string, value: string): Promise<string> =>
    (
      await tables.query(`select xmin::text as transaction from "${table}" where "${column}" = $1`, [value])
    )[0].transaction
  const transactions = new Set([
    ...acts.map((act) => act['transaction']),
    await transactionOf('account', 'id', result.accountId),
    await transactionOf('handle', 'account_id', result.accountId),
    await transactionOf('identity', 'account_id', result.accountId),
    await transactionOf('session', 'id', sessionId),
  ])
  expect(transactions.size).toBe(1)
  const changes: [() => Promise<unknown>, () => Promise<string>][] = [
    [
      () => setHandle(idem, result.accessToken, 'renamed'),
      () => transactionOf('account', 'id', result.accountId),
    ],
    [
      () => rename(idem, result.accessToken, 'Together'),
      () => transactionOf('account', 'id', result.accountId),
    ],
    [() => second.link(result.accessToken), () => transactionOf('identity', 'subject', second.publicKey)],
    [() => owner.stepUp(result.accessToken), () => transactionOf('session', 'id', sessionId)],
    [() => refresh(idem, result.refreshToken), () => transactionOf('session', 'id', sessionId)],
    [
      () => idem.askAs(result.accessToken, 'mutation { endSession }'),
      () => transactionOf('session', 'id', sessionId),
    ],
  ]
  for (const [work, transaction] of changes) {
    const change = await audited(work)
    expect(change.acts.map((act) => act['transaction'])).toEqual([await transaction()])
  }
  const operator = await new KeyOwner(idem).signIn('together-operator')
  const { accountId } = await signInAsGuest(idem)
  for (const query of Object.values(operatorsChanges)) {
    const change = await audited(() => idem.askAs(operator.accessToken, query, { id: accountId }))
    const table = query.includes('endAccountSessions') ? 'session' : 'account'
    const column = table === 'session' ? 'account_id' : 'id'
    expect(change.acts.map((act) => act['transaction'])).toEqual([
      await transactionOf(table, column, accountId),
    ])
  }
  const jobId = await failJob(idem)
  const retry = 'mutation ($id: ID!) { retryFailedJob(id: $id) }'
  const retried = await audited(() => idem.askAs(operator.accessToken, retry, { id: jobId }))
  expect(retried.acts.map((act) => act['transaction'])).toEqual([
    await transactionOf('outbox_entry', 'id', jobId),
  ])
})

test('when the audit line cannot be written, nothing is', async () => {
  const broken = await startTestService({ environment })
  const its = await Tables.open(broken.databaseUrl)
  const [owner, key] = [new KeyOwner(broken), new KeyOwner(broken)]
  const { accessToken, refreshToken } = await owner.signIn('audited-operator')
  const suspended = await signInAsGuest(broken)
  const { 'account.suspended': suspend, 'account.reinstated': reinstate } = operatorsChanges
  dataOf(await broken.askAs(accessToken, suspend, { id: suspended.accountId }))
  const guest = await signInAsGuest(broken)
  const jobId = await failJob(broken)
  await its.query('alter table audit_entry add constraint "none" check (false) not valid')
  const before = await its.contents()
  const answers = [
    await broken.ask('mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }'),
    await owner.trySignIn(),
    await key.trySignIn('unheard-of'),
    await tryRefresh(broken, refreshToken),
    await setHandle(broken, accessToken, 'unheard-of-too'),
    await key.link(accessToken),
    await owner.stepUp(accessToken),
    await new Device(broken).register(accessToken),
    await rename(broken, accessToken, 'Unheard of'),
    await broken.askAs(accessToken, suspend, { id: guest.accountId }),
    await broken.askAs(accessToken, reinstate, { id: suspended.accountId }),
    await broken.askAs(accessToken, operatorsChanges['account.sessions_ended'], { id: guest.accountId }),
    await broken.askAs(accessToken, 'mutation ($id: ID!) { retryFailedJob(id: $id) }', { id: jobId }),
    await broken.askAs(accessToken, 'mutation { retryFailedJobs }'),
    await broken.askAs(accessToken, 'mutation { endSession }'),
  ]
  expect(answers.map(codeOf)).toEqual(answers.map(() => 'INTERNAL'))
  // There are no others, so nothing would change.
  expect(codeOf(await broken.askAs(accessToken, 'mutation { revokeOtherSessions }'))).toBeNull()
  expect(await its.contents()).toEqual(before)
  // A bug tells nobody what it is.
  for (const answer of answers) expect(JSON.stringify(answer.errors)).not.toMatch(/audit_entry|constraint/)
  await its.close()
  // These bugs were made on purpose.
  await expect(broken.stop()).rejects.toThrow('it answered with a bug')
})

test('refused calls leave no audit line', async () => {
  const [owner, stranger] = [new KeyOwner(idem), new KeyOwner(idem)]
  const { accessToken } = await owner.signIn('refused-calls')
  const other = await stranger.signIn()
  const { me } = dataOf(await askMe(idem, other.accessToken))
  const { me: mine } = dataOf(await askMe(idem, accessToken))
  const spent = owner.answer(await owner.challenge())
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  dataOf(await idem.ask(signIn, { input: spent }))
  const { result, acts } = await audited(async () => [
    await idem.ask(signIn, { input: spent }),
    await idem.ask(signIn, { input: stranger.answer(await owner.challenge()) }),
    await new KeyOwner(idem).trySignIn('refused-calls'),
    await setHandle(idem, other.accessToken, 'refused-calls'),
    await stranger.stepUp(accessToken),
    await revoke(idem, accessToken, sessionIdOf(other.accessToken)),
    await unlink(idem, accessToken, me.identities[0].id),
    await unlink(idem, accessToken, mine.identities[0].id),
    await tryRefresh(idem, 'idr_nonsense'),
    await rename(idem, accessToken, 'two\nlines'),
    ...(await Promise.all(
      Object.values(operatorsChanges).map((query) => idem.askAs(accessToken, query, { id: other.accountId })),
    )),
    await idem.askAs(accessToken, 'mutation { retryFailedJobs }'),
  ])
  expect(result.map(codeOf)).toEqual([
    'CHALLENGE_SPENT',
    'PROOF_REJECTED',
    'PROOF_REJECTED',
    'CONFLICT',
    'PROOF_REJECTED',
    'NOT_FOUND',
    'NOT_FOUND',
    'LAST_IDENTITY',
    'UNAUTHENTICATED',
    'BAD_USER_INPUT',
    'FORBIDDEN',
    'FORBIDDEN',
    'FORBIDDEN',
    'FORBIDDEN',
  ])
  expect(acts).toEqual([])
})
