// Attempts are counted per subject and per network, refused when too many, and forgotten with the window.
import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { trySignInWith } from '../../support/authenticator.js'
import { atOnce, codeOf, dataOf, setHandle, tally } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { PasswordOwner, tryPassword } from '../../support/password-owner.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const started: TestService[] = []
afterEach(async () => {
  for (const idem of started.splice(0)) await idem.stop()
})

const start = async (environment: Readonly<Record<string, string>>): Promise<TestService> => {
  const idem = await startTestService({ environment })
  started.push(idem)
  return idem
}

const signInQuery = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'

const expectLimited = (answer: Answer): number => {
  expect(codeOf(answer)).toBe('RATE_LIMITED')
  expect(answer.data).toBeNull()
  const seconds = Number(answer.errors[0]?.extensions['retryAfterSeconds'])
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(300)
  // The whole request is refused so: RFC 6585 4.
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe(String(seconds))
  return seconds
}

test('too many sign-ins upon one key are refused, those upon another are not, and the window passes', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '5' })
  const [attacked, other] = [new KeyOwner(idem), new KeyOwner(idem)]
  const wrong = async () => {
    const challenge = await attacked.challenge()
    return await idem.ask(signInQuery, { input: other.answer(challenge) })
  }
  // The refusal does not undo the count: five wrong ones are five.
  for (let index = 0; index < 5; index++) expect(codeOf(await wrong())).toBe('PROOF_REJECTED')
  const seconds = expectLimited(await wrong())
  expectLimited(await attacked.trySignIn())
  expect(codeOf(await other.trySignIn())).toBeNull()
  expect(codeOf(await idem.ask(signInQuery, { input: { proof: { anonymous: {} } } }))).toBeNull()

  idem.clock.advance(seconds - 2)
  expect(expectLimited(await attacked.trySignIn())).toBeLessThanOrEqual(3)
  idem.clock.advance(3)
  expect(codeOf(await attacked.trySignIn())).toBeNull()
})

test('100 attempts at once are counted one by one', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '10' })
  const owner = new KeyOwner(idem)
  const answers = await atOnce(100, () => owner.trySignIn())
  expect(tally(answers)).toEqual({ ok: 10, RATE_LIMITED: 90 })
})

test('attempts packed into one request are counted one by one', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '3' })
  const fields = Array.from(
    { length: 5 },
    (_, index) => `try${index}: signIn(input: { proof: { anonymous: {} } }) { provisioned }`,
  )
  const tables = await Tables.open(idem.databaseUrl)
  await idem.ask(`mutation { ${fields.join(' ')} }`)
  expect((await tables.counts())['session']).toBe(3)
  await tables.close()
  expectLimited(await idem.ask(signInQuery, { input: { proof: { anonymous: {} } } }))
})

test('one network has so many sign-ins in all, whatever it signs in as', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '6' })
  const tries = [
    () => idem.ask(signInQuery, { input: { proof: { anonymous: {} } } }),
    () => new KeyOwner(idem).trySignIn(),
    () =>
      idem.ask(signInQuery, {
        input: { proof: { anonymous: { deviceSecret: randomBytes(32).toString('base64') } } },
      }),
  ]
  for (let index = 0; index < 6; index++) expect(codeOf((await tries[index % 3]?.()) as Answer)).toBeNull()
  for (const attempt of tries) expectLimited(await attempt())
})

test('challenges that do not open count as well', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '5' })
  const owner = new KeyOwner(idem)
  const input = { challengeId: 'nonsense', proof: { key: { signature: owner.sign('x') } } }
  for (let index = 0; index < 5; index++)
    expect(codeOf(await idem.ask(signInQuery, { input }))).toBe('PROOF_REJECTED')
  expectLimited(await idem.ask(signInQuery, { input }))
})

test('answers of one challenge are attempts on one identity, whatever logins they name', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '8' })
  const { email } = await PasswordOwner.create(idem, unsentInbox(idem))
  const { id } = await email.challenge()
  const first = await trySignInWith(idem, { email: { code: await email.code(1) } }, id)
  const { secondFactor } = dataOf(first).signIn
  const answer = async (index: number) =>
    await tryPassword(idem, { login: `somebody.${index}`, password: 'three brown cats' }, secondFactor.id)
  for (let index = 0; index < 7; index++)
    expect(codeOf(await answer(index))).toBe(index < 5 ? 'PROOF_REJECTED' : 'CHALLENGE_SPENT')
  expectLimited(await answer(7))
})

test('linking and stepping up are attempts, too', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '4' })
  const owner = new KeyOwner(idem)
  const { accessToken } = await owner.signIn()
  for (let index = 0; index < 3; index++) dataOf(await owner.stepUp(accessToken))
  expectLimited(await owner.stepUp(accessToken))
  const key = new KeyOwner(idem)
  const challenge = await key.challenge({ purpose: 'LINK_IDENTITY', accessToken })
  const link = async () =>
    await idem.askAs(
      accessToken,
      'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }',
      { input: { ...key.answer(challenge), proof: { key: { signature: owner.sign(challenge.message) } } } },
    )
  for (let index = 0; index < 4; index++) expect(codeOf(await link())).toBe('PROOF_REJECTED')
  expectLimited(await link())
})

test('handles are asked about, and picked, only so often', async () => {
  const idem = await start({ IDEM_THROTTLE_HANDLES_PER_SUBJECT: '3', IDEM_THROTTLE_HANDLES_PER_SOURCE: '5' })
  const [one, two] = [await signInAsGuest(idem), await signInAsGuest(idem)]
  for (let index = 0; index < 3; index++) dataOf(await setHandle(idem, one.accessToken, `one-${index}`))
  expectLimited(await setHandle(idem, one.accessToken, 'one-more'))
  expect(codeOf(await setHandle(idem, two.accessToken, 'two-one'))).toBeNull()
  const available = async (index: number) => await idem.ask(`{ handleAvailable(handle: "asked-${index}") }`)
  // Picking one is asking about it, too: that were five, one of them refused.
  expectLimited(await available(0))
})

const from = async (idem: TestService, address: string | null): Promise<Answer> =>
  await idem.ask(
    signInQuery,
    { input: { proof: { anonymous: {} } } },
    address === null ? {} : { 'x-forwarded-for': address },
  )

test('behind a trusted proxy the forwarded address counts, and all of an IPv6 /64 as one', async () => {
  const idem = await start({
    IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '3',
    IDEM_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8',
  })
  for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:0DB8:0001:0002:0:0:0:7'])
    expect(codeOf(await from(idem, address))).toBeNull()
  expectLimited(await from(idem, '2001:db8:1:2:abcd:ef01:2345:6789'))
  expect(codeOf(await from(idem, '2001:db8:1:3::1'))).toBeNull()

  // An IPv4 address, however it is written, and each by itself.
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201'])
    expect(codeOf(await from(idem, address))).toBeNull()
  expectLimited(await from(idem, '192.0.2.1'))
  expect(codeOf(await from(idem, '192.0.2.2'))).toBeNull()

  // The last address that no trusted proxy added counts; what a client put before it does not.
  for (let index = 0; index < 3; index++)
    expect(codeOf(await from(idem, `198.51.100.${index}, 203.0.113.9, 10.0.0.1`))).toBeNull()
  expectLimited(await from(idem, '198.51.100.77, 203.0.113.9, 10.0.0.2'))
})

test('without trusted proxies a forwarded address is ignored', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '3' })
  for (let index = 0; index < 3; index++) expect(codeOf(await from(idem, `192.0.2.${index}`))).toBeNull()
  expectLimited(await from(idem, '192.0.2.99'))
  const tables = await Tables.open(idem.databaseUrl)
  const rows = await tables.query('select distinct address from audit_entry where actor_id is not null')
  await tables.close()
  expect(rows).toEqual([{ address: '127.0.0.1' }])
})

test('a proxy that is not trusted is not believed', async () => {
  const idem = await start({ IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '2', IDEM_TRUSTED_PROXIES: '192.0.2.1' })
  for (const address of ['198.51.100.1', '198.51.100.2']) expect(codeOf(await from(idem, address))).toBeNull()
  expectLimited(await from(idem, '198.51.100.3'))
})

test('other spellings of the route are no way past the limits', async () => {
  const idem = await start({})
  for (const path of ['//graphql', '/graphql/', '/GraphQL', '/graphql%2f', '/./graphql/.', '/%67raphqL']) {
    const answer = await fetch(`${idem.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    })
    expect([path, answer.status]).toEqual([path, 404])
  }
})
