// Of a sign-in by two proofs each one counts: its counter advances, it is another identity, and its tries are limited.
import { expect, test } from 'vitest'
import type { IdentityDefinition } from '../../../src/methods/method.js'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { codeOf, dataOf, tally } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { Authenticator } from '../../support/test-passkey/authenticator.js'
import {
  type TestPasskeyChallengeInput,
  type TestPasskeyProof,
  testPasskeyMethod,
} from '../../support/test-passkey/method.js'
import { createTestPinMethod } from '../../support/test-pin/method.js'

const pins = new Map<string, string>()
const pin = '493817'

/** Passkeys that also complete a first proof, where the account has no PIN. */
const secondingPasskey: IdentityDefinition<TestPasskeyProof, TestPasskeyChallengeInput> = {
  ...testPasskeyMethod,
  create: (needs) => {
    const behaviour = testPasskeyMethod.create(needs)
    return {
      ...behaviour,
      challengeAfter: async (call, accountId) =>
        (await behaviour.challenge?.(call, { userVerification: false }, { purpose: 'SIGN_IN', accountId })) ??
        null,
    }
  },
}

const { idem, tables } = await serviceOfFile({
  environment: { IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '20' },
  methodDefinitions: [createTestPinMethod(pins), ...methodDefinitions, secondingPasskey],
})

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  account { id } tokens { accessToken } secondFactor { id method message } } }`

const answerWith = async (challengeId: string, proof: object): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { challengeId, proof } })

/** The challenge of the second factor that a first proof gets. */
const secondOf = (answer: Answer): { readonly id: string; readonly message: string } =>
  dataOf(answer).signIn.secondFactor

const raise = async (accountId: string): Promise<void> =>
  void (await tables.query("update account set level = 'aal2' where id = $1", [accountId]))

const storedCounter = async ({ credentialId }: Authenticator): Promise<number> => {
  const [row] = await tables.query(
    "select (credential->>'counter')::int as counter from identity where subject = $1",
    [credentialId],
  )
  return row.counter
}

/** Somebody with a passkey whose account asks for two proofs. */
const somebodyWithPasskey = async () => {
  const authenticator = new Authenticator(idem)
  const { accountId, accessToken } = await signInAsGuest(idem)
  dataOf(await authenticator.link(accessToken))
  return { authenticator, accountId, accessToken }
}

test('the counter of a first proof advances, also if the PIN is never given: the same count proves nothing again', async () => {
  const { authenticator, accountId } = await somebodyWithPasskey()
  pins.set(accountId, pin)
  await raise(accountId)
  const { id, message } = await authenticator.ask()
  const second = secondOf(await answerWith(id, { testPasskey: authenticator.answer(message) }))
  expect(await storedCounter(authenticator)).toBe(2)
  const again = await authenticator.ask()
  authenticator.counter = 1
  const copied = await answerWith(again.id, { testPasskey: authenticator.answer(again.message) })
  expect(codeOf(copied)).toBe('PROOF_REJECTED')
  expect(dataOf(await answerWith(second.id, { testPin: { pin } })).signIn.account).toEqual({ id: accountId })
})

test('the counter of an identity that completes another one advances', async () => {
  const key = new KeyOwner(idem)
  const { accountId, accessToken } = await key.signIn()
  const authenticator = new Authenticator(idem)
  dataOf(await authenticator.link(accessToken))
  await raise(accountId)
  const first = async () =>
    secondOf(await idem.ask(signInQuery, { input: key.answer(await key.challenge()) }))
  const second = await first()
  const completed = await answerWith(second.id, { testPasskey: authenticator.answer(second.message) })
  expect(dataOf(completed).signIn.account).toEqual({ id: accountId })
  expect(await storedCounter(authenticator)).toBe(2)
  const other = await first()
  authenticator.counter = 1
  expect(codeOf(await answerWith(other.id, { testPasskey: authenticator.answer(other.message) }))).toBe(
    'PROOF_REJECTED',
  )
})

test('an identity does not complete its own proof', async () => {
  const { authenticator, accountId } = await somebodyWithPasskey()
  await raise(accountId)
  const { id, message } = await authenticator.ask()
  const second = secondOf(await answerWith(id, { testPasskey: authenticator.answer(message) }))
  const twice = await answerWith(second.id, { testPasskey: authenticator.answer(second.message) })
  expect(codeOf(twice)).toBe('PROOF_REJECTED')
})

test('tries of a PIN are limited for the identity of the first proof, over all of its challenges', async () => {
  const { authenticator, accountId } = await somebodyWithPasskey()
  pins.set(accountId, pin)
  await raise(accountId)
  const answers: Answer[] = []
  for (let round = 0; round < 5; round += 1) {
    const { id, message } = await authenticator.ask()
    const second = secondOf(await answerWith(id, { testPasskey: authenticator.answer(message) }))
    for (let guess = 0; guess < 5; guess += 1)
      answers.push(await answerWith(second.id, { testPin: { pin: '000000' } }))
  }
  expect(tally(answers)).toEqual({ PROOF_REJECTED: 20, RATE_LIMITED: 5 })
})
