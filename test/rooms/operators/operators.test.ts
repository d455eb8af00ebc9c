// Operators: who is one just now, whom they find, and the jobs that they see to.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { settingsSections } from '../../../src/settings.js'
import {
  atOnce,
  codeOf,
  dataOf,
  millisecondsUntil,
  refresh,
  sessionIdOf,
  setHandle,
  tally,
  unlink,
} from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const environment = { IDEM_OPERATORS: 'Operator-Ada, OPS@Example.org' }
const { idem, tables } = await serviceOfFile({ environment })
const ada = new KeyOwner(idem)
const { accessToken: operator, accountId: operatorId } = await ada.signIn('operator-ada')

const askJobs = async (accessToken: string, service = idem): Promise<string | null> =>
  codeOf(await service.askAs(accessToken, '{ jobs { waiting underWay failed } }'))

test('the setting is parsed strictly, and every entry that is neither is named', () => {
  const parse = (list: string) => readEnvironment(settingsSections, { IDEM_OPERATORS: list }).operators
  expect(parse('').list).toEqual({ handles: new Set(), addresses: new Set() })
  expect(parse('ADA-1, ada-1,, Ops@EXAMPLE.org ,x@bücher.example').list).toEqual({
    handles: new Set(['ada-1']),
    addresses: new Set(['ops@example.org', 'x@xn--bcher-kva.example']),
  })
  for (const entry of [
    'a b',
    'ab',
    '"ops"@example.org',
    'a@b@example.org',
    'ops＠example.org',
    'root',
    'a'.repeat(65),
  ])
    expect(() => parse(`ada-1,${entry}`)).toThrow(/IDEM_OPERATORS.*neither/s)
})

test('a listed handle makes an operator while it is the current one, and at once no longer', async () => {
  expect(await askJobs(operator)).toBeNull()
  dataOf(await setHandle(idem, operator, 'ada-retired'))
  // Given up, it stays hers and nobody else can have it; it no longer makes her an operator.
  expect(await askJobs(operator)).toBe('FORBIDDEN')
  expect(codeOf(await setHandle(idem, (await signInAsGuest(idem)).accessToken, 'operator-ada'))).toBe(
    'CONFLICT',
  )
  dataOf(await setHandle(idem, operator, 'operator-ada'))
  expect(await askJobs(operator)).toBeNull()
})

test('a listed address makes an operator once it is verified, and at once no longer when it is unlinked', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken } = await owner.signIn()
  const address = new EmailOwner(idem, unsentInbox(idem), 'ops@example.org')
  await address.challenge({ purpose: 'LINK_IDENTITY', accessToken })
  expect(await askJobs(accessToken)).toBe('FORBIDDEN')
  const { identity } = dataOf(await address.tryLink(accessToken, 2)).linkIdentity
  expect(await askJobs(accessToken)).toBeNull()
  dataOf(await unlink(idem, accessToken, identity.id))
  expect(await askJobs(accessToken)).toBe('FORBIDDEN')
})

test('a key whose label or name says so makes nobody an operator', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken } = await owner.signIn('operator-ada-2')
  dataOf(await new KeyOwner(idem).link(accessToken, 'ops@example.org'))
  const named = 'mutation { updateProfile(input: { displayName: "operator-ada" }) { id } }'
  dataOf(await idem.askAs(accessToken, named))
  expect(await askJobs(accessToken)).toBe('FORBIDDEN')
})

test('the scope alone makes nobody an operator, and an operator’s narrower token is none', async () => {
  const narrow = async (owner: KeyOwner, scope: string): Promise<string> => {
    const signedIn = await owner.signIn()
    await tables.setScope(sessionIdOf(signedIn.accessToken), scope)
    return (await refresh(idem, signedIn.refreshToken)).accessToken
  }
  for (const scope of ['operator:all', 'all operator:all', 'all'])
    expect(await askJobs(await narrow(new KeyOwner(idem), scope))).toBe('FORBIDDEN')
  expect(await askJobs(await narrow(ada, 'account:read account:write'))).toBe('FORBIDDEN')
  expect(await askJobs(await narrow(ada, 'operator:all'))).toBeNull()
})

test('who is believed without a proof is no operator, for there is no session in which it could prove itself', async () => {
  const open = await startTestService({ environment: { ...environment, IDEM_AUTHENTICATION: 'off' } })
  try {
    const believed = Buffer.from('{"email":"ops@example.org"}').toString('base64')
    expect(dataOf(await open.askAs(believed, '{ me { emails { address } } }')).me.emails).toEqual([
      { address: 'ops@example.org' },
    ])
    expect(await askJobs(believed, open)).toBe('FORBIDDEN')
  } finally {
    await open.stop()
  }
})

test('another process hears within a second that a handle was given up', async () => {
  const other = await startTestService({ environment, databaseUrl: idem.databaseUrl, clock: idem.clock })
  try {
    const query = '{ jobs { failed } }'
    const bearer = await new KeyOwner(other).signIn()
    expect(codeOf(await other.askAs(bearer.accessToken, query))).toBe('FORBIDDEN')
    const session = await ada.signIn()
    dataOf(await setHandle(idem, session.accessToken, 'ada-elsewhere'))
    await millisecondsUntil(1_000, async () => (await askJobs(session.accessToken, idem)) === 'FORBIDDEN')
    dataOf(await setHandle(idem, session.accessToken, 'operator-ada'))
  } finally {
    await other.stop()
  }
})

const find = async (variables: object): Promise<Answer> =>
  await idem.askAs(
    operator,
    `query ($first: Int, $after: String, $search: String) { accounts(first: $first, after: $after, search: $search) {
      edges { cursor node { id kind handle displayName suspendedAt createdAt emails { address primary } } }
      pageInfo { hasNextPage endCursor } } }`,
    variables,
  )

const found = async (search: string): Promise<string[]> =>
  dataOf(await find({ search })).accounts.edges.map((edge: { node: { id: string } }) => edge.node.id)

test('accounts are listed page by page, newest first, each once', async () => {
  for (let count = 0; count < 7; count += 1) await signInAsGuest(idem)
  const all = (await tables.query('select id from account order by id desc')).map(({ id }) => id)
  const seen: string[] = []
  let after: string | null = null
  for (let more = true; more; ) {
    const page: { edges: { cursor: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } =
      dataOf(await find({ first: 3, after })).accounts
    const { edges, pageInfo } = page
    expect(edges.length).toBeLessThanOrEqual(3)
    seen.push(...edges.map((edge) => edge.cursor))
    after = pageInfo.endCursor
    more = pageInfo.hasNextPage
  }
  expect(seen).toEqual(all)
  expect(dataOf(await find({ after })).accounts).toEqual({
    edges: [],
    pageInfo: { hasNextPage: false, endCursor: null },
  })
})

test('an account is found by its handle, one that it gave up, its verified address and the beginning of its id', async () => {
  const address = new EmailOwner(idem, unsentInbox(idem), 'found@example.org')
  const { accessToken, accountId } = await address.signIn()
  for (const handle of ['cafe-01', 'found-one']) dataOf(await setHandle(idem, accessToken, handle))
  for (const search of [
    'found-one',
    ' FOUND-One ',
    'cafe-01',
    'Found@Example.ORG',
    accountId,
    accountId.toUpperCase(),
  ])
    expect(await found(search)).toEqual([accountId])
  for (const length of [1, 8, 9, 14, 30]) expect(await found(accountId.slice(0, length))).toContain(accountId)
  const [node] = dataOf(await find({ search: 'found-one' })).accounts.edges
  expect(node.node).toEqual({
    id: accountId,
    kind: 'PERSON',
    handle: 'found-one',
    displayName: null,
    suspendedAt: null,
    createdAt: idem.clock.now().toISOString(),
    emails: [{ address: 'found@example.org', primary: true }],
  })
  const byId = await idem.askAs(operator, 'query ($id: ID!) { account(id: $id) { id emails { address } } }', {
    id: accountId,
  })
  expect(dataOf(byId).account).toEqual({ id: accountId, emails: [{ address: 'found@example.org' }] })
})

test('what nobody has is not found; what nobody can have is BAD_USER_INPUT', async () => {
  for (const search of ['no-such-handle', 'nobody@example.org', 'ffffffff', randomUUID()])
    expect(await found(search)).toEqual([])
  for (const search of [
    "' or 1=1 --",
    '%',
    '_',
    '\u0000',
    'a'.repeat(10_000),
    'a@',
    '@',
    'a@b@example.org',
    'ops＠example.org',
    '0192-',
    '🙂',
  ])
    expect((await find({ search })).errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'search',
    })
  for (const first of [0, -1, 101, 2_147_483_647])
    expect((await find({ first })).errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'first',
    })
  for (const after of ['', 'x', `${randomUUID()}'`])
    expect((await find({ after })).errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'after',
    })
  const account = async (id: string) =>
    codeOf(await idem.askAs(operator, 'query ($id: ID!) { account(id: $id) { id } }', { id }))
  expect(await account(randomUUID())).toBe('NOT_FOUND')
  expect(await account('operator-ada')).toBe('BAD_USER_INPUT')
})

/** A job that was given up. */
const failJob = async (failure: string): Promise<string> => {
  const { outbox, ownCall } = idem.foundation
  const [id, auditEntryId] = [randomUUID(), randomUUID()]
  await ownCall().write(outbox.row(ownCall(), id, { name: 'send-notices', payload: { auditEntryId } }))
  await outbox.noteFailed(ownCall(), id, failure)
  return id
}

const retry = async (id: string, accessToken = operator): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($id: ID!) { retryFailedJob(id: $id) }', { id })

const retryAll = async (): Promise<number> =>
  dataOf(await idem.askAs(operator, 'mutation { retryFailedJobs }')).retryFailedJobs

const counts = async () => dataOf(await idem.askAs(operator, '{ jobs { waiting underWay failed } }')).jobs

test('what another server sent is listed as it can be stored and seen', async () => {
  await retryAll()
  await failJob(`554 \u0000\ud800no\u202e ${'🇩🇪'.repeat(600)}`)
  const answer = await idem.askAs(operator, '{ failedJobs { edges { node { failure } } } }')
  const [{ node }] = dataOf(answer).failedJobs.edges
  expect(node.failure).toMatch(/^554 no (?:🇩🇪)+$/u)
})

test('failed jobs are listed with why, oldest first, page by page', async () => {
  await retryAll()
  const ids = [await failJob('one'), await failJob('two'), await failJob('three')].toSorted()
  const query = `query ($first: Int, $after: String) { failedJobs(first: $first, after: $after) {
    edges { cursor node { id name failedAt failure createdAt payload } } pageInfo { hasNextPage endCursor } } }`
  const page = dataOf(await idem.askAs(operator, query, { first: 2 })).failedJobs
  expect(page.edges.map((edge: { cursor: string }) => edge.cursor)).toEqual(ids.slice(0, 2))
  expect(page.edges[0].node).toEqual({
    id: ids[0],
    name: 'send-notices',
    failedAt: idem.clock.now().toISOString(),
    createdAt: idem.clock.now().toISOString(),
    failure: expect.stringMatching(/^(one|two|three)$/),
    payload: { auditEntryId: expect.any(String) },
  })
  expect(page.pageInfo).toEqual({ hasNextPage: true, endCursor: ids[1] })
  const rest = dataOf(await idem.askAs(operator, query, { after: page.pageInfo.endCursor })).failedJobs
  expect(rest.edges.map((edge: { cursor: string }) => edge.cursor)).toEqual(ids.slice(2))
  expect(rest.pageInfo.hasNextPage).toBe(false)
  expect(await retryAll()).toBe(3)
})

test('a failed job is retried once, however many ask, with one audit line', async () => {
  const id = await failJob('the server was away')
  const before = await counts()
  expect(tally(await atOnce(20, () => retry(id)))).toEqual({ ok: 1, NOT_FOUND: 19 })
  expect(await counts()).toEqual({ ...before, waiting: before.waiting + 1, failed: before.failed - 1 })
  const lines = await tables.query(
    `select account_id, actor_id from audit_entry where action = 'job.retried' and detail->>'retried' = $1`,
    [id],
  )
  expect(lines).toEqual([{ account_id: null, actor_id: operatorId }])
})

test('all failed jobs are retried at once; none is left for the next, who leaves no audit line', async () => {
  await retryAll()
  for (const failure of ['one', 'two', 'three']) await failJob(failure)
  const numbers = await atOnce(5, retryAll)
  expect(numbers.reduce((sum, number) => sum + number)).toBe(3)
  const before = await tables.contents()
  expect(await retryAll()).toBe(0)
  expect(codeOf(await retry(randomUUID()))).toBe('NOT_FOUND')
  expect(codeOf(await retry("' or true --"))).toBe('BAD_USER_INPUT')
  expect(await tables.contents()).toEqual(before)
})

test('nobody else retries a job', async () => {
  const id = await failJob('kept')
  const { accessToken } = await new KeyOwner(idem).signIn()
  const before = await tables.contents()
  expect(codeOf(await retry(id, accessToken))).toBe('FORBIDDEN')
  expect(codeOf(await idem.askAs(accessToken, 'mutation { retryFailedJobs }'))).toBe('FORBIDDEN')
  expect(await tables.contents()).toEqual(before)
})

test('a listed handle that nobody has is warned of at start, an owned one is not', async () => {
  const warned = (service: TestService) =>
    service.logLines
      .filter((line) => line.includes('lists a handle that nobody has'))
      .map((line) => JSON.parse(line).handle)
  const first = await startTestService({ environment: { IDEM_OPERATORS: 'nobody-yet, ops@example.org' } })
  expect(warned(first)).toEqual(['nobody-yet'])
  await new KeyOwner(first).signIn('nobody-yet')
  const second = await startTestService({
    databaseUrl: first.databaseUrl,
    environment: { IDEM_OPERATORS: 'nobody-yet' },
  })
  expect(warned(second)).toEqual([])
  await second.stop()
  await first.stop()
})
