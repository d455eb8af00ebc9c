// The method `login`: a code of the sign-in page opens one session, for whoever has its verifier, within 60 seconds.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { LoginGrant } from '../../../src/challenges/login-code.js'
import { Call } from '../../../src/database/call.js'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { atOnce, codeOf, dataOf, sessionIdOf, tally, unlink } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { newPkcePair, type PkcePair } from '../../support/pkce.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { createTestPinMethod } from '../../support/test-pin/method.js'

const pins = new Map<string, string>()
const { idem, tables } = await serviceOfFile({
  methodDefinitions: [createTestPinMethod(pins), ...methodDefinitions],
})

const callOf = (service: TestService): Call =>
  new Call(service.foundation.database, {
    principal: null,
    now: service.clock.now(),
    requestId: 'login',
    source: { network: '192.0.2.1', address: '192.0.2.1', userAgent: null, acceptLanguage: null },
  })

const grantOf = (change: Partial<LoginGrant> = {}): LoginGrant => ({
  proven: { method: 'email', issuer: 'email', subject: `${randomUUID()}@example.org` },
  acr: 'aal1',
  amr: ['otp'],
  handle: null,
  deviceName: 'Firefox on a desk',
  accountId: null,
  credential: null,
  passwordVersion: null,
  ...change,
})

/** A code as the page issues it, for a program with this pair. */
const issue = (grant: LoginGrant, { codeChallenge }: PkcePair, service = idem): string =>
  service.foundation.loginCodes.issue(callOf(service), grant, codeChallenge)

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) { provisioned account { id kind }
  tokens { accessToken } secondFactor { id method } } }`

const redeem = async (code: string, codeVerifier: string, challengeId?: string): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { challengeId, proof: { login: { code, codeVerifier } } } })

test('a code opens a session as its proof would have: registered, with its strength and the device of the page', async () => {
  const pair = newPkcePair()
  const grant = grantOf({ amr: ['otp', 'mfa'], acr: 'aal2' })
  const first = dataOf(await redeem(issue(grant, pair), pair.codeVerifier)).signIn
  expect(first).toMatchObject({ provisioned: true, account: { kind: 'PERSON' }, secondFactor: null })
  const asked = await idem.askAs(
    first.tokens.accessToken,
    '{ me { identities { method subject } sessions { deviceName } } session { amr acr } }',
  )
  expect(dataOf(asked)).toEqual({
    me: {
      identities: [{ method: 'email', subject: grant.proven.subject }],
      sessions: [{ deviceName: 'Firefox on a desk' }],
    },
    session: { amr: ['otp', 'mfa'], acr: 'aal2' },
  })
  const audit = await tables.query(
    "select detail->>'method' as method from audit_entry where session_id = $1",
    [sessionIdOf(first.tokens.accessToken)],
  )
  expect(audit).toEqual([{ method: 'email' }])
  const second = dataOf(await redeem(issue(grant, pair), pair.codeVerifier)).signIn
  expect(second).toMatchObject({ provisioned: false, account: first.account })
})

test('a code is redeemed once, also by two hundred at once', async () => {
  const pair = newPkcePair()
  const grant = grantOf()
  const code = issue(grant, pair)
  const answers = await atOnce(200, async () => await redeem(code, pair.codeVerifier))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  const sessions = await tables.query(
    'select count(*)::int as count from session s join identity i on i.id = s.identity_id where i.subject = $1',
    [grant.proven.subject],
  )
  expect(sessions).toEqual([{ count: 1 }])
  expect(codeOf(await redeem(code, pair.codeVerifier))).toBe('CHALLENGE_SPENT')
})

test('a wrong verifier is refused and spends nothing', async () => {
  const pair = newPkcePair()
  const code = issue(grantOf(), pair)
  const wrong = [
    newPkcePair().codeVerifier,
    pair.codeChallenge,
    '',
    'short',
    `${pair.codeVerifier} `,
    `${pair.codeVerifier}=`,
    'é'.repeat(43),
    'x'.repeat(129),
  ]
  for (const verifier of wrong) {
    const answer = await redeem(code, verifier)
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
    expect(answer.errors[0]?.message).toBe('This code was issued to another program.')
  }
  dataOf(await redeem(code, pair.codeVerifier))
})

test('a code expires after 60 seconds, to the instant', async () => {
  const pair = newPkcePair()
  const [inTime, late] = [issue(grantOf(), pair), issue(grantOf(), pair)]
  idem.clock.advance(59.999)
  dataOf(await redeem(inTime, pair.codeVerifier))
  idem.clock.advance(0.001)
  expect(codeOf(await redeem(late, pair.codeVerifier))).toBe('CHALLENGE_EXPIRED')
})

test('what is no code of this installation is refused: changed, foreign, sealed for something else', async () => {
  const pair = newPkcePair()
  const code = issue(grantOf(), pair)
  const [header, , ...rest] = code.split('.')
  const { id: keyChallenge } = await new KeyOwner(idem).challenge()
  const other = await startTestService({ environment: { IDEM_PUBLIC_URL: 'https://other.example.org' } })
  const stranger = await startTestService({ secrets: ['another secret, and for tests only'] })
  const foreign = [issue(grantOf(), pair, other), issue(grantOf(), pair, stranger)]
  await other.stop()
  await stranger.stop()
  const changed = `${code.slice(0, -1)}${code.endsWith('A') ? 'E' : 'A'}`
  const codes = ['', 'x', changed, [header, 'x', ...rest].join('.'), keyChallenge, 'x'.repeat(17_000)]
  for (const wrong of [...codes, ...foreign])
    expect(codeOf(await redeem(wrong, pair.codeVerifier))).toBe('PROOF_REJECTED')
  // And a code is no challenge.
  const signature = { key: { signature: 'AAAA' } }
  const answer = await idem.ask(signInQuery, { input: { challengeId: code, proof: signature } })
  expect(codeOf(answer)).toBe('PROOF_REJECTED')
  expect(codeOf(await redeem(code, pair.codeVerifier, keyChallenge))).toBe('PROOF_REJECTED')
  dataOf(await redeem(code, pair.codeVerifier))
})

test('a code only signs in: it links nothing and steps nothing up', async () => {
  const pair = newPkcePair()
  const { accessToken } = await new KeyOwner(idem).signIn()
  const input = { proof: { login: { code: issue(grantOf(), pair), codeVerifier: pair.codeVerifier } } }
  const link = 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }'
  const stepUp = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
  for (const query of [link, stepUp])
    expect(codeOf(await idem.askAs(accessToken, query, { input }))).toBe('BAD_USER_INPUT')
  dataOf(await idem.ask(signInQuery, { input }))
})

test('what changed since the proof counts: a second factor, a suspension, an identity that was unlinked', async () => {
  const pair = newPkcePair()
  const grantFor = async (owner: KeyOwner): Promise<LoginGrant & { readonly accountId: string }> => {
    const { accountId } = await owner.signIn()
    const proven = { method: 'key', issuer: 'ed25519', subject: owner.publicKey }
    return { ...grantOf({ proven, amr: ['pop'] }), accountId }
  }
  const raised = await grantFor(new KeyOwner(idem))
  const raisedCode = issue(raised, pair)
  await tables.query("update account set level = 'aal2' where id = $1", [raised.accountId])
  pins.set(raised.accountId, '1234')
  const { secondFactor, tokens } = dataOf(await redeem(raisedCode, pair.codeVerifier)).signIn
  expect([secondFactor.method, tokens]).toEqual(['testPin', null])
  expect(codeOf(await redeem(raisedCode, pair.codeVerifier))).toBe('CHALLENGE_SPENT')
  const answer = { challengeId: secondFactor.id, proof: { testPin: { pin: '1234' } } }
  expect(dataOf(await idem.ask(signInQuery, { input: answer })).signIn.account.id).toBe(raised.accountId)

  const suspended = await grantFor(new KeyOwner(idem))
  const suspendedCode = issue(suspended, pair)
  await tables.query('update account set suspended_at = now() where id = $1', [suspended.accountId])
  expect(codeOf(await redeem(suspendedCode, pair.codeVerifier))).toBe('FORBIDDEN')

  const owner = new KeyOwner(idem)
  const unlinked = await grantFor(owner)
  const unlinkedCode = issue(unlinked, pair)
  const { accessToken } = await owner.signIn()
  dataOf(await new KeyOwner(idem).link(accessToken))
  const [identity] = await tables.query('select id from identity where subject = $1', [owner.publicKey])
  dataOf(await unlink(idem, accessToken, identity.id))
  // Not registered anew: the proof was of an account.
  expect(codeOf(await redeem(unlinkedCode, pair.codeVerifier))).toBe('PROOF_REJECTED')
  // Nor once it is of somebody else: the code opens no account that the proof did not lead to.
  const heir = await new KeyOwner(idem).signIn()
  dataOf(await owner.link(heir.accessToken))
  expect(codeOf(await redeem(unlinkedCode, pair.codeVerifier))).toBe('PROOF_REJECTED')
  const { sessions } = dataOf(await idem.askAs(heir.accessToken, '{ me { sessions { id } } }')).me
  expect(sessions.length).toBe(1)
})

test('a code for a method that is not offered any more is refused', async () => {
  const pair = newPkcePair()
  for (const method of ['gone', 'testPin', 'login']) {
    const proven = { method, issuer: method, subject: 'somebody' }
    expect(codeOf(await redeem(issue(grantOf({ proven }), pair), pair.codeVerifier))).toBe('PROOF_REJECTED')
  }
})

test('the code and its verifier are in no log line', async () => {
  const pair = newPkcePair()
  const code = issue(grantOf(), pair)
  await redeem(code, newPkcePair().codeVerifier)
  await redeem(code, pair.codeVerifier)
  await redeem(code, pair.codeVerifier)
  expect(idem.logLines.length).toBeGreaterThan(3)
  expect(idem.logLines.filter((line) => line.includes(code) || line.includes(pair.codeVerifier))).toEqual([])
})

test('a guest of a code is a new guest', async () => {
  const pair = newPkcePair()
  const proven = { method: 'anonymous', issuer: 'device', subject: randomUUID() }
  const code = issue(grantOf({ proven, acr: 'aal0', amr: [] }), pair)
  const { account } = dataOf(await redeem(code, pair.codeVerifier)).signIn
  expect(account.kind).toBe('ANONYMOUS')
  expect(account.id).not.toBe((await signInAsGuest(idem)).accountId)
})
