// A second factor verifies only against a challenge that names an account; without it nothing is opened, linked or raised.
import { expect, test } from 'vitest'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { atOnce, codeOf, dataOf, sessionIdOf, tally } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { createTestPinMethod } from '../../support/test-pin/method.js'

const pins = new Map<string, string>()
const { idem, tables } = await serviceOfFile({
  methodDefinitions: [...methodDefinitions, createTestPinMethod(pins)],
})

const pin = '493817'
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id } tokens { accessToken } secondFactor { id method purpose status message delivery } } }`
const stepUpQuery = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
const linkQuery = `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) {
  account { id } identity { id } secondFactor { id method purpose } } }`
const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { id } }`

const pinProof = (challengeId: string, given = pin) => ({
  input: { challengeId, proof: { testPin: { pin: given } } },
})

/** Gives an account a PIN, as an enrolment of a second factor does. */
const enrol = async (accountId: string): Promise<void> => {
  pins.set(accountId, pin)
  await tables.query("update account set level = 'aal2' where id = $1", [accountId])
}

/** Somebody with a key whose account has a PIN, and a session from before. */
const somebodyWithPin = async (): Promise<{ readonly key: KeyOwner } & SignedIn> => {
  const key = new KeyOwner(idem)
  const signedIn = await key.signIn()
  await enrol(signedIn.accountId)
  return { key, ...signedIn }
}

const signInByKey = async (key: KeyOwner): Promise<Answer> =>
  await idem.ask(signInQuery, { input: key.answer(await key.challenge()) })

/** The challenge of the second factor that a first proof gets. */
const firstProof = async (key: KeyOwner): Promise<string> =>
  dataOf(await signInByKey(key)).signIn.secondFactor.id

const sessionOf = async (accessToken: string) =>
  dataOf(await idem.askAs(accessToken, '{ session { id acr amr } }')).session

const liveSessions = async (accountId: string): Promise<number> => {
  const [row] = await tables.query(
    'select count(*)::int as live from session where account_id = $1 and ended_at is null',
    [accountId],
  )
  return row.live
}

test('a first proof gets a challenge and nothing else; the PIN then opens a session of aal2', async () => {
  const { key, accountId } = await somebodyWithPin()
  const first = dataOf(await signInByKey(key)).signIn
  expect(first).toEqual({
    provisioned: false,
    account: null,
    tokens: null,
    secondFactor: {
      id: expect.any(String),
      method: 'testPin',
      purpose: 'SIGN_IN',
      status: 'PENDING',
      message: null,
      delivery: null,
    },
  })
  expect(await liveSessions(accountId)).toBe(1)
  const second = dataOf(await idem.ask(signInQuery, pinProof(first.secondFactor.id))).signIn
  expect(second).toMatchObject({ account: { id: accountId }, secondFactor: null })
  expect(await sessionOf(second.tokens.accessToken)).toMatchObject({
    acr: 'aal2',
    amr: ['pop', 'pin', 'mfa'],
  })
})

test('the first proof is spent with it: it gets no second challenge', async () => {
  const { key } = await somebodyWithPin()
  const input = key.answer(await key.challenge())
  const answers = await atOnce(50, async () => await idem.ask(signInQuery, { input }))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 49 })
})

test('200 right PINs at once open one session; five wrong ones burn the challenge, however many come at once', async () => {
  const { key, accountId } = await somebodyWithPin()
  const id = await firstProof(key)
  // Five tries of a kept challenge are looked at, right or wrong.
  const right = tally(await atOnce(200, async () => await idem.ask(signInQuery, pinProof(id))))
  expect(right).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  expect(await liveSessions(accountId)).toBe(2)
  const other = await firstProof(key)
  const wrong = tally(await atOnce(50, async () => await idem.ask(signInQuery, pinProof(other, '000000'))))
  expect(wrong).toEqual({ PROOF_REJECTED: 5, CHALLENGE_SPENT: 45 })
  expect(codeOf(await idem.ask(signInQuery, pinProof(other)))).toBe('CHALLENGE_SPENT')
  expect(await liveSessions(accountId)).toBe(2)
})

test('it is refused too late, for another purpose, by another method, and without a first proof', async () => {
  const { key, accessToken } = await somebodyWithPin()
  const late = await firstProof(key)
  idem.clock.advance(15 * 60)
  expect(codeOf(await idem.ask(signInQuery, pinProof(late)))).toBe('CHALLENGE_EXPIRED')
  const fresh = (await key.stepUp(accessToken)) && (await firstProof(key))
  expect(codeOf(await idem.ask(signInQuery, { input: { challengeId: fresh, proof: { email: {} } } }))).toBe(
    'PROOF_REJECTED',
  )
  const again = dataOf(await idem.ask(signInQuery, pinProof(fresh))).signIn
  const current = again.tokens.accessToken
  expect(codeOf(await idem.askAs(current, stepUpQuery, pinProof(await firstProof(key))))).toBe(
    'PROOF_REJECTED',
  )
  const asked = await idem.ask(issueQuery, { input: { testPin: {} } })
  expect(codeOf(asked)).toBe('BAD_USER_INPUT')
})

test('an account that was suspended, or lost the identity, between the two proofs is not opened', async () => {
  const suspended = await somebodyWithPin()
  const id = await firstProof(suspended.key)
  await tables.query('update account set suspended_at = now() where id = $1', [suspended.accountId])
  expect(codeOf(await idem.ask(signInQuery, pinProof(id)))).toBe('FORBIDDEN')
  const unlinked = await somebodyWithPin()
  const other = await firstProof(unlinked.key)
  await tables.query('delete from identity where account_id = $1', [unlinked.accountId])
  expect(codeOf(await idem.ask(signInQuery, pinProof(other)))).toBe('PROOF_REJECTED')
})

test('a session of one factor is raised by the PIN and never lowered by the key', async () => {
  const { key, accessToken } = await somebodyWithPin()
  const weak = await key.stepUp(accessToken)
  expect(codeOf(weak)).toBe('STEP_UP_REQUIRED')
  expect(weak.errors[0]?.extensions['acrValues']).toEqual(['aal2'])
  const issued = await idem.askAs(accessToken, issueQuery, { input: { testPin: {} }, purpose: 'STEP_UP' })
  const { id } = dataOf(issued).issueChallenge
  const raised = dataOf(await idem.askAs(accessToken, stepUpQuery, pinProof(id))).stepUp.accessToken
  expect(await sessionOf(raised)).toEqual({
    id: sessionIdOf(accessToken),
    acr: 'aal2',
    amr: ['pop', 'pin', 'mfa'],
  })
  expect(codeOf(await key.stepUp(raised))).toBe('STEP_UP_REQUIRED')
  expect((await sessionOf(raised)).acr).toBe('aal2')
})

test("another account's PIN raises nothing, and another session's challenge is not answered", async () => {
  const [one, other] = [await somebodyWithPin(), await somebodyWithPin()]
  const issued = await idem.askAs(one.accessToken, issueQuery, { input: { testPin: {} }, purpose: 'STEP_UP' })
  const { id } = dataOf(issued).issueChallenge
  expect(codeOf(await idem.askAs(other.accessToken, stepUpQuery, pinProof(id)))).toBe('PROOF_REJECTED')
  const guest = await signInAsGuest(idem)
  const asked = await idem.askAs(guest.accessToken, issueQuery, {
    input: { testPin: {} },
    purpose: 'STEP_UP',
  })
  expect(codeOf(asked)).toBe('BAD_USER_INPUT')
})

test("an identity of another account is not told apart from one's own by a first proof alone", async () => {
  const owner = await somebodyWithPin()
  const stranger = await new KeyOwner(idem).signIn()
  const challenge = await owner.key.challenge({
    purpose: 'LINK_IDENTITY',
    accessToken: stranger.accessToken,
  })
  const first = await idem.askAs(stranger.accessToken, linkQuery, { input: owner.key.answer(challenge) })
  const { linkIdentity } = dataOf(first)
  expect(linkIdentity).toMatchObject({
    account: null,
    identity: null,
    secondFactor: { method: 'testPin', purpose: 'LINK_IDENTITY' },
  })
  const proof = pinProof(linkIdentity.secondFactor.id)
  expect(codeOf(await idem.ask(signInQuery, proof))).toBe('PROOF_REJECTED')
  // Only with both is it said whose it is: by a plan, which links nothing.
  const both = dataOf(await idem.askAs(stranger.accessToken, linkQuery, proof)).linkIdentity
  expect(both).toMatchObject({ account: null, identity: null, secondFactor: null })
})
