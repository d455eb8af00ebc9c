// The story of a person with a key: registers, comes back, adds a second key, removes the first.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  askMe,
  codeOf,
  dataOf,
  refresh,
  sessionIdOf,
  tryRefresh,
  unlink,
  untilRefused,
} from '../support/calls.js'
import { KeyOwner, signInAsGuest, trySignInAsGuest } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'

const { idem, tables } = await serviceOfFile()

const opensslKey = (): string =>
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' })

const identityIdOf = async (accessToken: string, owner: KeyOwner): Promise<string> => {
  const { me } = dataOf(await askMe(idem, accessToken))
  return me.identities.find((identity: { subject: string }) => identity.subject === owner.publicKey).id
}

test('a key made by openssl registers under a handle, and signs in again', async () => {
  const ada = new KeyOwner(idem, opensslKey())
  const first = await ada.signIn('Ada')
  expect(first.provisioned).toBe(true)
  const again = await ada.signIn('ada')
  expect(again).toMatchObject({ provisioned: false, accountId: first.accountId })
  const { data } = await idem.askAs(
    again.accessToken,
    '{ me { id kind handle identities { subject } sessions { current } } }',
  )
  expect(data.me).toMatchObject({ id: first.accountId, kind: 'PERSON', handle: 'ada' })
  expect(data.me.identities).toEqual([{ subject: ada.publicKey }])
  expect(data.me.sessions.map((session: { current: boolean }) => session.current)).toEqual([true, false])
})

test('an unknown key under a known handle, and a known key under another one, are refused and nothing is associated', async () => {
  const owner = new KeyOwner(idem)
  const other = new KeyOwner(idem)
  await owner.signIn('grace')
  await other.signIn('hopper')
  const before = await tables.contents()
  expect(codeOf(await new KeyOwner(idem).trySignIn('grace'))).toBe('PROOF_REJECTED')
  expect(codeOf(await other.trySignIn('grace'))).toBe('PROOF_REJECTED')
  expect(codeOf(await other.trySignIn('nobody-yet'))).toBe('PROOF_REJECTED')
  expect(await tables.contents()).toEqual(before)
})

test('a second key joins the keychain, the first is removed, and with it the sessions that it opened', async () => {
  const laptop = new KeyOwner(idem)
  const phone = new KeyOwner(idem)
  const byLaptop = await laptop.signIn('katherine')
  const alsoByLaptop = await laptop.signIn()
  const linked = dataOf(await phone.link(byLaptop.accessToken, 'My phone')).linkIdentity
  expect(linked.identity).toMatchObject({ method: 'key', subject: phone.publicKey, label: 'My phone' })
  const byPhone = await phone.signIn('katherine')
  expect(byPhone).toMatchObject({ accountId: byLaptop.accountId, provisioned: false })

  const answer = await unlink(idem, byPhone.accessToken, await identityIdOf(byPhone.accessToken, laptop))
  expect(dataOf(answer).unlinkIdentity.identities).toEqual([{ id: linked.identity.id }])
  for (const former of [byLaptop, alsoByLaptop]) {
    await untilRefused(idem, former.accessToken)
    expect(codeOf(await tryRefresh(idem, former.refreshToken))).toBe('UNAUTHENTICATED')
  }
  expect(dataOf(await askMe(idem, byPhone.accessToken)).me.id).toBe(byLaptop.accountId)
  expect(codeOf(await laptop.trySignIn('katherine'))).toBe('PROOF_REJECTED')
  const last = await unlink(idem, byPhone.accessToken, linked.identity.id)
  expect(codeOf(last)).toBe('LAST_IDENTITY')
  // The removed key belongs to nobody now: it may register, elsewhere.
  expect((await laptop.signIn()).accountId).not.toBe(byLaptop.accountId)
})

test('a session is refreshed until its 24 hours are over, and not a second longer', async () => {
  const owner = new KeyOwner(idem)
  const started = await owner.signIn()
  let tokens = await refresh(idem, started.refreshToken)
  const endsAt = Date.parse(tokens.sessionExpiresAt)
  expect(Math.abs(endsAt - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000)
  let refreshes = 0
  while (endsAt - idem.clock.now().getTime() > 25 * 60_000) {
    idem.clock.advance(20 * 60)
    tokens = await refresh(idem, tokens.refreshToken)
    refreshes += 1
    expect(Date.parse(tokens.sessionExpiresAt)).toBe(endsAt)
    expect(Date.parse(tokens.accessTokenExpiresAt)).toBeLessThanOrEqual(endsAt)
    expect(Date.parse(tokens.refreshTokenExpiresAt)).toBeLessThanOrEqual(endsAt)
  }
  expect(refreshes).toBeGreaterThan(69)
  idem.clock.advance((endsAt - idem.clock.now().getTime()) / 1000 - 5)
  tokens = await refresh(idem, tokens.refreshToken)
  expect(dataOf(await askMe(idem, tokens.accessToken)).me.id).toBe(started.accountId)
  idem.clock.advance(5)
  expect((await askMe(idem, tokens.accessToken)).status).toBe(401)
  expect(codeOf(await tryRefresh(idem, tokens.refreshToken))).toBe('UNAUTHENTICATED')
})

test('an access token holds for 25 minutes, a refresh token for 30', async () => {
  const owner = new KeyOwner(idem)
  const early = await owner.signIn()
  const late = await owner.signIn()
  idem.clock.advance(25 * 60 - 5)
  expect((await askMe(idem, early.accessToken)).status).toBe(200)
  idem.clock.advance(6)
  const expired = await askMe(idem, early.accessToken)
  expect(expired.status).toBe(401)
  expect(expired.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  idem.clock.advance(5 * 60 - 10)
  await refresh(idem, early.refreshToken)
  idem.clock.advance(20)
  expect(codeOf(await tryRefresh(idem, late.refreshToken))).toBe('UNAUTHENTICATED')
})

test('an expired bearer is refused even where a bearer is not asked for', async () => {
  const { accessToken, refreshToken } = await new KeyOwner(idem).signIn()
  idem.clock.advance(26 * 60)
  const answer = await idem.askAs(
    accessToken,
    'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
    { input: { refreshToken } },
  )
  expect(answer).toMatchObject({ status: 401, data: null })
  expect(codeOf(answer)).toBe('UNAUTHENTICATED')
  await refresh(idem, refreshToken)
})

test('a guest with a device secret comes back to the same account after its session ended', async () => {
  const deviceSecret = randomBytes(32).toString('base64')
  const first = await signInAsGuest(idem, { deviceSecret, deviceName: 'Kitchen tablet' })
  expect(first.provisioned).toBe(true)
  expect(dataOf(await idem.askAs(first.accessToken, 'mutation { endSession }')).endSession).toBe(true)
  expect((await askMe(idem, first.accessToken)).status).toBe(401)
  const again = await signInAsGuest(idem, { deviceSecret })
  expect(again).toMatchObject({ accountId: first.accountId, provisioned: false })
  const other = await signInAsGuest(idem, { deviceSecret: randomBytes(32).toString('base64') })
  expect(other.accountId).not.toBe(first.accountId)
  const nameless = await signInAsGuest(idem)
  expect([first.accountId, other.accountId]).not.toContain(nameless.accountId)
})

test('a guest that links a key becomes a person with the same id, and its device secret opens it no more', async () => {
  const deviceSecret = randomBytes(32).toString('base64')
  const elsewhere = await signInAsGuest(idem, { deviceSecret })
  const guest = await signInAsGuest(idem, { deviceSecret })
  const key = new KeyOwner(idem)
  // However old its sign-in: a guest has nothing that could be stepped up to.
  idem.clock.advance(20 * 60)
  const linked = dataOf(await key.link(guest.accessToken)).linkIdentity
  expect(linked.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
  // The caller's own session goes on; what the secret opened elsewhere has ended.
  const { me } = dataOf(await askMe(idem, guest.accessToken))
  expect(me).toMatchObject({ id: guest.accountId, kind: 'PERSON' })
  expect(me.identities.map((identity: { method: string }) => identity.method)).toEqual(['key'])
  await untilRefused(idem, elsewhere.accessToken)
  expect(codeOf(await trySignInAsGuest(idem, { deviceSecret }))).toBe('PROOF_REJECTED')
  expect((await key.signIn()).accountId).toBe(guest.accountId)
  // A guest's session does not unlink: it stands at aal0, a person's steps ask for aal1.
  const second = new KeyOwner(idem)
  expect(codeOf(await second.link(guest.accessToken))).toBe('STEP_UP_REQUIRED')
  expect(codeOf(await key.stepUp(guest.accessToken))).toBeNull()
})

test('linking eleven minutes after the sign-in asks for a step-up, and a fresh signature gives it', async () => {
  const owner = new KeyOwner(idem)
  const next = new KeyOwner(idem)
  const signedIn = await owner.signIn()
  idem.clock.advance(9 * 60)
  expect(codeOf(await new KeyOwner(idem).link(signedIn.accessToken))).toBeNull()
  idem.clock.advance(2 * 60)
  const before = await tables.contents()
  const refused = await next.link(signedIn.accessToken)
  expect(refused.errors[0]?.extensions).toMatchObject({
    code: 'STEP_UP_REQUIRED',
    acrValues: ['aal1'],
    maxAgeSeconds: 600,
  })
  expect(await tables.contents()).toEqual(before)

  const raised = dataOf(await owner.stepUp(signedIn.accessToken)).stepUp
  expect(raised.refreshToken).toBe(signedIn.refreshToken)
  expect(sessionIdOf(raised.accessToken)).toBe(sessionIdOf(signedIn.accessToken))
  // The token shown before knows nothing of it.
  expect(codeOf(await next.link(signedIn.accessToken))).toBe('STEP_UP_REQUIRED')
  expect(dataOf(await next.link(raised.accessToken)).linkIdentity.account.id).toBe(signedIn.accountId)
  // The refresh carries the fresh auth_time on, and does not refresh it.
  const refreshed = await refresh(idem, raised.refreshToken)
  expect(codeOf(await new KeyOwner(idem).link(refreshed.accessToken))).toBeNull()
  idem.clock.advance(11 * 60)
  const later = await refresh(idem, refreshed.refreshToken)
  expect(codeOf(await new KeyOwner(idem).link(later.accessToken))).toBe('STEP_UP_REQUIRED')
})

test("a step-up by a stranger's key, or a key of another account, is refused and spends nothing", async () => {
  const owner = new KeyOwner(idem)
  const { accessToken } = await owner.signIn()
  const other = new KeyOwner(idem)
  await other.signIn()
  const before = await tables.contents()
  expect(codeOf(await new KeyOwner(idem).stepUp(accessToken))).toBe('PROOF_REJECTED')
  expect(codeOf(await other.stepUp(accessToken))).toBe('PROOF_REJECTED')
  expect(await tables.contents()).toEqual(before)
})

test('signing in with a valid bearer opens a session of its own and links nothing', async () => {
  const ada = new KeyOwner(idem)
  const { accessToken, accountId } = await ada.signIn()
  const other = new KeyOwner(idem)
  const challenge = await other.challenge()
  const answer = await idem.askAs(
    accessToken,
    'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned account { id } } }',
    { input: other.answer(challenge) },
  )
  expect(dataOf(answer).signIn.provisioned).toBe(true)
  expect(dataOf(answer).signIn.account.id).not.toBe(accountId)
  const { me } = dataOf(await askMe(idem, accessToken))
  expect(me.identities).toHaveLength(1)
})

test('one session, all others, or an own one are ended by their owner alone', async () => {
  const owner = new KeyOwner(idem)
  const [one, two, three] = [await owner.signIn(), await owner.signIn(), await owner.signIn()]
  const revokeOne = await idem.askAs(one.accessToken, 'mutation ($id: ID!) { revokeSession(id: $id) }', {
    id: sessionIdOf(two.accessToken),
  })
  expect(dataOf(revokeOne).revokeSession).toBe(true)
  expect((await askMe(idem, two.accessToken)).status).toBe(401)
  expect((await askMe(idem, three.accessToken)).status).toBe(200)
  const again = await idem.askAs(one.accessToken, 'mutation ($id: ID!) { revokeSession(id: $id) }', {
    id: sessionIdOf(two.accessToken),
  })
  expect(codeOf(again)).toBe('NOT_FOUND')
  const others = await idem.askAs(one.accessToken, 'mutation { revokeOtherSessions }')
  expect(dataOf(others).revokeOtherSessions).toBe(1)
  expect((await askMe(idem, three.accessToken)).status).toBe(401)
  expect(dataOf(await idem.askAs(one.accessToken, 'mutation { endSession }')).endSession).toBe(true)
  expect((await askMe(idem, one.accessToken)).status).toBe(401)
  expect(codeOf(await tryRefresh(idem, one.refreshToken))).toBe('UNAUTHENTICATED')
})
