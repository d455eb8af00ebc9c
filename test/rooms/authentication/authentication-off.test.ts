// Development without authentication: a bearer that says who it is is believed, where that is allowed and nowhere else.
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { settingsSections } from '../../../src/settings.js'
import { askMe, atOnce, codeOf, dataOf, setHandle } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_AUTHENTICATION: 'off' } })
let on: TestService
beforeAll(async () => {
  on = await startTestService()
})
afterAll(async () => await on.stop())

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const claim = (email: unknown): string => base64(JSON.stringify({ email }))

let count = 0
const newAddress = (): string => `nobody-checks-${++count}@example.org`

const expectRefused = (answer: Answer): void => {
  expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  expect(answer.data).toBeNull()
}

test('a claimed address is believed: its account is provisioned once, as by a first sign-in, without a session', async () => {
  const address = newAddress()
  const { me, session } = dataOf(await askMe(idem, claim(address)))
  expect(me).toMatchObject({
    kind: 'PERSON',
    handle: null,
    identities: [{ method: 'email', issuer: 'email', subject: address }],
  })
  expect(session).toBeNull()
  expect(await tables.actsOn(me.id)).toEqual(['account.provisioned'])
  const before = await tables.contents()
  expect(dataOf(await askMe(idem, claim(address))).me.id).toBe(me.id)
  expect(await tables.contents()).toEqual(before)
})

test('every spelling of the address, and of base64, leads to the same account', async () => {
  // Its base64 has + and / in it, and needs padding.
  const text = JSON.stringify({ email: 'Ada~~?>@Example.org', name: 'ÿþ~?' }).replace('?>', '?')
  const ids = new Set<string>()
  for (const bearer of [
    base64(text),
    base64(text).replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    claim(' ada~~?@example.ORG '),
  ])
    ids.add(dataOf(await askMe(idem, bearer)).me.id)
  expect(ids.size).toBe(1)
})

test('forty first requests at once provision one account', async () => {
  const bearer = claim(newAddress())
  const answers = await atOnce(40, async () => dataOf(await askMe(idem, bearer)).me.id)
  expect(new Set(answers).size).toBe(1)
  expect(await tables.actsOn(answers[0])).toEqual(['account.provisioned'])
})

test('it may do what its account may, but nothing that is about a session', async () => {
  const bearer = claim(newAddress())
  expect(dataOf(await setHandle(idem, bearer, 'nobody-checked')).setHandle.handle).toBe('nobody-checked')
  for (const mutation of [
    'endSession',
    'revokeOtherSessions',
    'stepUp(input: { proof: { anonymous: {} } }) { accessToken }',
    'linkIdentity(input: { proof: { anonymous: {} } }) { account { id } }',
  ])
    expect(codeOf(await idem.askAs(bearer, `mutation { ${mutation} }`))).toBe('FORBIDDEN')
})

test('a suspended account is refused', async () => {
  const bearer = claim(newAddress())
  const { me } = dataOf(await askMe(idem, bearer))
  await tables.query('update account set suspended_at = now() where id = $1', [me.id])
  expectRefused(await askMe(idem, bearer))
})

test('our own tokens hold as ever, and challenges say that authentication is off', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken, accountId } = await owner.signIn()
  expect(dataOf(await askMe(idem, accessToken)).me.id).toBe(accountId)
  const issue =
    'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { authenticationDisabled } }'
  const input = { key: { publicKey: owner.publicKey } }
  expect(dataOf(await idem.ask(issue, { input })).issueChallenge.authenticationDisabled).toBe(true)
  expect(dataOf(await on.ask(issue, { input })).issueChallenge.authenticationDisabled).toBe(false)
})

test.each([
  ['no base64', '~~~~'],
  ['no JSON', base64('ada@example.org')],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('base64')],
  ['half of a JSON', base64('{"email":"ada@example.org"')],
  ['a number', base64('7')],
  ['null', base64('null')],
  ['a list', base64('["ada@example.org"]')],
  ['nobody', base64('{}')],
  ['an address that is no text', claim({ toString: 'ada@example.org' })],
  ['no address', claim('ada')],
  ['a list of addresses', claim('ada@example.org,bea@example.org')],
  ['an address of 10 KB', claim(`${'a'.repeat(10_000)}@example.org`)],
  ['an address of 5 KB', claim(`${'a'.repeat(5_000)}@example.org`)],
  ['a deep JSON', base64('['.repeat(5_000))],
  ['a prototype', base64('{"__proto__":{"email":"ada@example.org"}}')],
  ['a JWT that nobody signed', `${base64('{"alg":"none"}')}.${base64('{"email":"ada@example.org"}')}.x`],
])('%s is refused with 401, and provisions nothing', async (_what, bearer) => {
  const before = await tables.contents()
  expectRefused(await idem.askAs(bearer, '{ me { id } }'))
  expect(await tables.contents()).toEqual(before)
})

/** As a browser sends it whose page comes from this host: `fetch` does not let a caller set it. */
const sendAs = async (service: TestService, host: string, path = '/graphql'): Promise<number> =>
  await new Promise((resolve, reject) => {
    const headers = {
      host,
      'content-type': 'application/json',
      authorization: `Bearer ${claim(newAddress())}`,
    }
    const call = request(`${service.url}${path}`, { method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    call.on('error', reject)
    call.end(JSON.stringify({ query: '{ me { id } }' }))
  })

test('a page of another site that has its name resolved to us (DNS rebinding) gets nothing', async () => {
  const { port } = new URL(idem.url)
  const before = await tables.contents()
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.0.2.1',
  ])
    for (const path of ['/graphql', '/graphql/stream'])
      expect([host, path, await sendAs(idem, host, path)]).toEqual([host, path, 400])
  expect(await tables.contents()).toEqual(before)
  for (const host of [`localhost:${port}`, 'localhost', `127.0.0.1:${port}`, `[::1]:${port}`])
    expect([host, await sendAs(idem, host)]).toEqual([host, 200])
  // Where proofs are asked for, a name tells nothing: 401 is for the bearer.
  expect(await sendAs(on, 'evil.example')).toBe(401)
})

test('where authentication is on, a claim is garbage', async () => {
  expectRefused(await askMe(on, claim('ada@example.org')))
})

test('the log warns of it at the start, and only then', () => {
  const warns = (service: TestService) =>
    service.logLines
      .filter((line) => line.includes('AUTHENTICATION IS OFF'))
      .map((line) => JSON.parse(line).level)
  expect(warns(idem)).toEqual(['warn'])
  expect(warns(on)).toEqual([])
})

test('production, and an address that others can reach, refuse to start without authentication', () => {
  const start = (environment: Record<string, string>) => () =>
    readEnvironment(settingsSections, { IDEM_AUTHENTICATION: 'off', ...environment })
  expect(start({ NODE_ENV: 'production' })).toThrow(/IDEM_AUTHENTICATION.*must be on in production/s)
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'id.example.org', '127.0.0.1.example.org', '1127.0.0.1'])
    expect(start({ IDEM_HOST: host }), host).toThrow(/IDEM_AUTHENTICATION.*can be off only/s)
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    expect(start({ IDEM_HOST: host })().authentication.isOn, host).toBe(false)
  for (const wrong of ['Off', 'false', '0', ''])
    if (wrong !== '') expect(start({ IDEM_AUTHENTICATION: wrong }), wrong).toThrow(/must be on or off/)
})
