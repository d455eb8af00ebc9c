// GET /accounts/{id}/survivor: for a service that holds an old id.
import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { codeOf, dataOf, refresh, sessionIdOf } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { startTestService } from '../../support/start-service.js'

const { idem, tables } = await serviceOfFile()

const bearerWith = async (scope: string, service = idem): Promise<string> => {
  const signedIn = await new KeyOwner(service).signIn()
  await tables.setScope(sessionIdOf(signedIn.accessToken), scope)
  return (await refresh(service, signedIn.refreshToken)).accessToken
}

const reader = await bearerWith('account:read')

const get = async (id: string, bearer: string | null = reader, { url } = idem) => {
  const headers: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
  const response = await fetch(`${url}/accounts/${id}/survivor`, { headers })
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}

const refusal = async (...asked: Parameters<typeof get>) => {
  const { status, headers, body } = await get(...asked)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body.errors).toHaveLength(1)
  const { requestId, ...extensions } = body.errors[0].extensions
  expect(requestId).toBe(headers.get('x-request-id'))
  return { status, extensions, challenge: headers.get('www-authenticate') }
}

test('an id leads to itself, and an absorbed one to its survivor, for ever', async () => {
  const [one, two] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  const own = await get(one.accountId)
  expect(own).toMatchObject({ status: 200, body: { id: one.accountId, survivor: one.accountId } })
  expect(own.headers.get('cache-control')).toBe('no-store')
  expect(own.headers.get('content-type')).toBe('application/json; charset=utf-8')
  await tables.query('update account set merged_into_id = $2 where id = $1', [two.accountId, one.accountId])
  await vi.waitFor(
    async () =>
      expect((await get(two.accountId)).body).toEqual({ id: two.accountId, survivor: one.accountId }),
    2_000,
  )
  expect((await get(two.accountId.toUpperCase())).body.id).toBe(two.accountId)
  idem.clock.advance(3_650 * 24 * 3_600)
  const later = await bearerWith('account:read')
  expect((await get(two.accountId, later)).body.survivor).toBe(one.accountId)
  // Undone, it leads to itself again.
  await tables.query('update account set merged_into_id = null where id = $1', [two.accountId])
  await vi.waitFor(
    async () => expect((await get(two.accountId, later)).body.survivor).toBe(two.accountId),
    2_000,
  )
})

test('what is refused says why, with the status that HTTP has for it', async () => {
  const bearer = await bearerWith('account:read')
  const { accountId } = await new KeyOwner(idem).signIn()
  const before = await tables.contents()
  expect(await refusal(randomUUID(), bearer)).toEqual({
    status: 404,
    extensions: { code: 'NOT_FOUND' },
    challenge: null,
  })
  for (const id of ['x', "1'--", `${accountId}0`, 'null'])
    expect(await refusal(id, bearer)).toEqual({
      status: 400,
      extensions: { code: 'BAD_USER_INPUT', field: 'id' },
      challenge: null,
    })
  for (const nobody of [null, 'x', `${bearer}x`])
    expect(await refusal(accountId, nobody)).toEqual({
      status: 401,
      extensions: { code: 'UNAUTHENTICATED' },
      challenge: 'Bearer error="invalid_token"',
    })
  expect(await tables.contents()).toEqual(before)
  for (const scope of ['account:write identity:write session:write operator:all', 'nothing:all'])
    expect(await refusal(accountId, await bearerWith(scope))).toEqual({
      status: 403,
      extensions: { code: 'FORBIDDEN', requiredScopes: [['account:read']] },
      challenge: 'Bearer error="insufficient_scope", scope="account:read"',
    })
  expect((await get(accountId, await bearerWith('all'))).status).toBe(200)
  const posted = await fetch(`${idem.url}/accounts/${accountId}/survivor`, { method: 'POST' })
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

test('questions of one network are counted, those of the query and of the route together, before anything is read', async () => {
  const limited = await startTestService({
    environment: { IDEM_THROTTLE_ALIASES_PER_SOURCE: '3' },
    databaseUrl: idem.databaseUrl,
    clock: idem.clock,
  })
  try {
    const { accessToken, accountId } = await new KeyOwner(limited).signIn()
    const query = 'query ($id: ID!) { accountAlias(id: $id) }'
    const alias = async (id: string) => await limited.askAs(accessToken, query, { id })
    idem.clock.advance(600)
    // A bearer or an id that does not hold costs its network nothing.
    await get(accountId, 'x', limited)
    await get('x', accessToken, limited)
    expect(dataOf(await alias(accountId)).accountAlias).toBe(accountId)
    expect((await get(accountId, accessToken, limited)).status).toBe(200)
    expect(codeOf(await alias(randomUUID()))).toBe('NOT_FOUND')
    expect(codeOf(await alias(accountId))).toBe('RATE_LIMITED')
    const late = await get(randomUUID(), accessToken, limited)
    expect(late.status).toBe(429)
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(late.body.errors[0].extensions.code).toBe('RATE_LIMITED')
    idem.clock.advance(300)
    expect((await get(accountId, accessToken, limited)).status).toBe(200)
  } finally {
    await limited.stop()
  }
})
