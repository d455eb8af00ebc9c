// A first proof that does not suffice for a step-up gets the challenge that completes it; nothing is ever lowered.
import { expect, test } from 'vitest'
import {
  enrol,
  secondFactorIn,
  sessionOf,
  tryCreateCodes,
  trySignInWith,
  tryStepUpWith,
} from '../../support/authenticator.js'
import { atOnce, claimsOf, codeOf, dataOf, sessionIdOf, tally } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

const somebody = async () => {
  const key = new KeyOwner(idem)
  return { key, ...(await key.signIn()) }
}

const stepUpByKey = async (key: KeyOwner, accessToken: string) =>
  await tryStepUpWith(idem, accessToken, await proofOfKey(key, accessToken))

const proofOfKey = async (key: KeyOwner, accessToken: string) =>
  key.answer(await key.challenge({ purpose: 'STEP_UP', accessToken }))

test('an account that has only a key steps up with that key', async () => {
  const { key, accessToken } = await somebody()
  idem.clock.advance(601)
  expect(codeOf(await tryCreateCodes(idem, accessToken))).toBe('STEP_UP_REQUIRED')
  const { stepUp } = dataOf(await stepUpByKey(key, accessToken))
  expect(claimsOf(stepUp.accessToken)['auth_time']).toBe(Math.floor(idem.clock.now().getTime() / 1000))
  expect(codeOf(await tryCreateCodes(idem, stepUp.accessToken))).toBe('CONFLICT')
})

test('from one factor to two: the key is refused with the challenge to answer, TOTP completes it', async () => {
  const { key, ...person } = await somebody()
  const { app } = await enrol(idem, person)
  const guarded = await tryCreateCodes(idem, person.accessToken)
  expect(guarded.errors[0]?.extensions).toMatchObject({ acrValues: ['aal2'], maxAgeSeconds: 600 })
  const first = await stepUpByKey(key, person.accessToken)
  expect(first.data).toBe(null)
  expect(first.errors[0]?.extensions).toEqual({
    code: 'STEP_UP_REQUIRED',
    requestId: expect.any(String),
    acrValues: ['aal2'],
    secondFactor: {
      id: expect.any(String),
      method: 'totp',
      methods: ['totp'],
      purpose: 'STEP_UP',
      status: 'PENDING',
      message: null,
      matchCode: null,
      delivery: null,
      retryAfterSeconds: null,
      expiresAt: new Date(idem.clock.now().getTime() + 900_000).toISOString(),
      authenticationDisabled: false,
    },
  })
  const { id } = secondFactorIn(first)
  // For the step-up of this session alone.
  expect(codeOf(await trySignInWith(idem, app.proof(), id))).toBe('PROOF_REJECTED')
  const other = await somebody()
  expect(codeOf(await tryStepUpWith(idem, other.accessToken, { proof: app.proof(), challengeId: id }))).toBe(
    'PROOF_REJECTED',
  )
  const second = dataOf(
    await tryStepUpWith(idem, person.accessToken, { proof: app.proof(), challengeId: id }),
  ).stepUp
  expect(sessionIdOf(second.accessToken)).toBe(sessionIdOf(person.accessToken))
  expect(await sessionOf(idem, second.accessToken)).toEqual({ acr: 'aal2', amr: ['pop', 'otp', 'mfa'] })
  expect(dataOf(await tryCreateCodes(idem, second.accessToken)).createRecoveryCodes).toHaveLength(10)
})

test('a first proof is spent by it, and 200 answers of the challenge raise once', async () => {
  const { key, ...person } = await somebody()
  const { app } = await enrol(idem, person)
  const proof = await proofOfKey(key, person.accessToken)
  const firsts = await atOnce(50, async () => await tryStepUpWith(idem, person.accessToken, proof))
  expect(tally(firsts)).toEqual({ STEP_UP_REQUIRED: 1, CHALLENGE_SPENT: 49 })
  const [winner] = firsts.filter((answer) => codeOf(answer) === 'STEP_UP_REQUIRED')
  if (winner === undefined) throw new Error('none of the first proofs was taken')
  const { id } = secondFactorIn(winner)
  const seconds = await atOnce(
    200,
    async () => await tryStepUpWith(idem, person.accessToken, { proof: app.proof(), challengeId: id }),
  )
  expect(tally(seconds)['ok']).toBe(1)
  const acts = await tables.actsOn(person.accountId)
  expect(acts.filter((action) => action === 'session.stepped_up')).toHaveLength(1)
})

test('200 times one code without a challenge raises once', async () => {
  const person = await somebody()
  const { app } = await enrol(idem, person)
  const answers = tally(
    await atOnce(200, async () => await tryStepUpWith(idem, person.accessToken, { proof: app.proof() })),
  )
  expect(answers['ok']).toBe(1)
  for (const code of Object.keys(answers)) expect(['ok', 'PROOF_REJECTED', 'RATE_LIMITED']).toContain(code)
})

test('the key after an emailed code, and a mail after the key', async () => {
  const { key, ...person } = await somebody()
  const email = new EmailOwner(idem, unsentInbox(idem), 'two-proofs@example.com')
  dataOf(await email.tryLink(person.accessToken))
  await tables.query("update account set level = 'aal2' where id = $1", [person.accountId])
  const first = await stepUpByKey(key, person.accessToken)
  const { id, delivery } = secondFactorIn(first)
  expect(delivery).toBe('QUEUED')
  const proof = { email: { code: await email.code(2) } }
  const { stepUp } = dataOf(await tryStepUpWith(idem, person.accessToken, { proof, challengeId: id }))
  expect(claimsOf(stepUp.accessToken)).toMatchObject({ acr: 'aal2', amr: ['pop', 'otp', 'mfa'] })
})

test('a session of two factors is not renewed by one, even once the account asks for no more', async () => {
  const { key, ...person } = await somebody()
  const { accessToken } = await enrol(idem, person)
  dataOf(await idem.askAs(accessToken, 'mutation { removeTotp { id } }'))
  const before = await tables.query('select acr, authenticated_at from session where account_id = $1', [
    person.accountId,
  ])
  idem.clock.advance(601)
  const refused = await stepUpByKey(key, accessToken)
  expect(refused.errors[0]?.extensions).toEqual({
    code: 'STEP_UP_REQUIRED',
    requestId: expect.any(String),
    acrValues: ['aal2'],
  })
  expect(refused.errors[0]?.message).toContain('Sign in again')
  expect(
    await tables.query('select acr, authenticated_at from session where account_id = $1', [person.accountId]),
  ).toEqual(before)
  expect(dataOf(await key.trySignIn()).signIn.account.id).toBe(person.accountId)
})

test("another account's identity, of one factor or of two, completes nothing", async () => {
  const [one, single, double] = [await somebody(), await somebody(), await somebody()]
  await enrol(idem, double)
  for (const { key } of [single, double]) {
    const refused = await stepUpByKey(key, one.accessToken)
    expect(refused.errors[0]?.extensions).toEqual({
      code: 'PROOF_REJECTED',
      requestId: expect.any(String),
    })
  }
})
