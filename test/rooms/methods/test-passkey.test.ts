// What methods to come need, shown by a method of the tests: it passes the suite, and nothing but its folder knows of it.
import { expect, test } from 'vitest'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { describeMethod } from '../../conformance/method.js'
import { askMe, atOnce, codeOf, dataOf, sessionIdOf, tally, unlink } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { Authenticator } from '../../support/test-passkey/authenticator.js'
import { type TestPasskeyProof, testPasskeyMethod } from '../../support/test-passkey/method.js'

describeMethod({
  name: 'testPasskey',
  definition: testPasskeyMethod,
  newProver: async (idem) => {
    const authenticator = await Authenticator.registered(idem)
    return {
      request: { userVerification: false },
      prove: (challenge) => authenticator.answer(challenge?.message ?? ''),
    }
  },
  malformedProofs: [
    { credentialId: '', counter: 1, signature: '' },
    { credentialId: 'x', counter: 1, signature: 'x' },
    { credentialId: 'x'.repeat(1_000), counter: 2 ** 31 - 1, signature: '=' },
    { credentialId: 'x', publicKey: 'x', counter: -1, signature: 'AAAA' },
  ],
})

const { idem, tables } = await serviceOfFile({ methodDefinitions: [...methodDefinitions, testPasskeyMethod] })

const signInQuery = `mutation ($input: SignInInput!) {
  signIn(input: $input) { provisioned account { id } tokens { accessToken } } }`

const answerWith = async (challengeId: string, proof: TestPasskeyProof): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { challengeId, proof: { testPasskey: proof } } })

const storedCounter = async (authenticator: Authenticator): Promise<number> => {
  const [row] = await tables.query(
    "select (credential->>'counter')::int as counter from identity where subject = $1",
    [authenticator.credentialId],
  )
  return row.counter
}

test('a passkey is registered by linking, signs in without a name, and its counter is kept', async () => {
  const authenticator = new Authenticator(idem)
  const guest = await signInAsGuest(idem)
  const linked = dataOf(await authenticator.link(guest.accessToken)).linkIdentity
  expect(linked.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
  expect(await storedCounter(authenticator)).toBe(1)
  const { id, message } = await authenticator.ask()
  const signedIn = dataOf(await answerWith(id, authenticator.answer(message))).signIn
  expect(signedIn).toMatchObject({ provisioned: false, account: { id: guest.accountId } })
  expect(await storedCounter(authenticator)).toBe(2)
  const { me } = dataOf(await askMe(idem, signedIn.tokens.accessToken))
  expect(me.identities).toMatchObject([{ method: 'testPasskey', subject: authenticator.credentialId }])
})

test('a passkey that was never registered signs nobody in, and provisions nothing', async () => {
  const before = await tables.contents()
  const stranger = new Authenticator(idem)
  const { id, message } = await stranger.ask()
  expect(codeOf(await answerWith(id, stranger.answer(message, { registers: true })))).toBe('PROOF_REJECTED')
  const { throttle_counter: _counted, ...after } = await tables.contents()
  const { throttle_counter: _before, ...unchanged } = before
  expect(after).toEqual(unchanged)
})

test('a counter that went back is refused, and the challenge stays unspent', async () => {
  const authenticator = await Authenticator.registered(idem)
  const { id, message } = await authenticator.ask()
  authenticator.counter = 0
  expect(codeOf(await answerWith(id, authenticator.answer(message)))).toBe('PROOF_REJECTED')
  authenticator.counter = 7
  expect(codeOf(await answerWith(id, authenticator.answer(message)))).toBeNull()
  expect(await storedCounter(authenticator)).toBe(8)
})

test('of a hundred ceremonies answered with the same counter at once, one signs in', async () => {
  const authenticator = await Authenticator.registered(idem)
  const ceremonies = await atOnce(100, async () => await authenticator.ask())
  const proofs = ceremonies.map(({ id, message }) => {
    authenticator.counter = 5
    return { id, proof: authenticator.answer(message) }
  })
  const answers = await Promise.all(proofs.map(async ({ id, proof }) => await answerWith(id, proof)))
  expect(tally(answers)).toEqual({ ok: 1, PROOF_REJECTED: 99 })
  expect(await storedCounter(authenticator)).toBe(6)
})

test('user verification makes a session of aal2, which a weaker proof does not refresh', async () => {
  const [authenticator, key] = [new Authenticator(idem), new KeyOwner(idem)]
  const owner = await key.signIn()
  dataOf(await authenticator.link(owner.accessToken))
  const { id, message } = await authenticator.ask({ userVerification: true })
  const { tokens } = dataOf(await answerWith(id, authenticator.answer(message))).signIn
  const session = async () =>
    dataOf(await idem.askAs(tokens.accessToken, '{ session { acr amr authenticatedAt } }')).session
  const before = await session()
  expect(before).toMatchObject({ acr: 'aal2', amr: ['hwk', 'user'] })
  idem.clock.advance(60)
  const refused = await key.stepUp(tokens.accessToken)
  expect(codeOf(refused)).toBe('STEP_UP_REQUIRED')
  expect(refused.errors[0]?.extensions['acrValues']).toEqual(['aal2'])
  expect(await session()).toEqual(before)
})

test('a passkey is unlinked like every identity, and its sessions end', async () => {
  const [authenticator, key] = [new Authenticator(idem), new KeyOwner(idem)]
  const owner = await key.signIn()
  const linked = dataOf(await authenticator.link(owner.accessToken)).linkIdentity
  const { id, message } = await authenticator.ask()
  const { tokens } = dataOf(await answerWith(id, authenticator.answer(message))).signIn
  expect(codeOf(await unlink(idem, owner.accessToken, linked.identity.id))).toBeNull()
  const [session] = await tables.query('select ended_at from session where id = $1', [
    sessionIdOf(tokens.accessToken),
  ])
  expect(session.ended_at).not.toBeNull()
  const again = await authenticator.ask()
  expect(codeOf(await answerWith(again.id, authenticator.answer(again.message)))).toBe('PROOF_REJECTED')
})
