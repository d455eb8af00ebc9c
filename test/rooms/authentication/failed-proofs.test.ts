// A failed proof is counted for the identity that it is about, over all networks, until one holds; and it is logged.
import { expect, test } from 'vitest'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { atOnce, codeOf, dataOf } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'
import { createTestPinMethod } from '../../support/test-pin/method.js'

const pins = new Map<string, string>()
const { idem, tables } = await serviceOfFile({
  environment: { IDEM_OPERATORS: 'operator-of-failures', IDEM_TRUSTED_PROXIES: '127.0.0.1,::1' },
  methodDefinitions: [...methodDefinitions, createTestPinMethod(pins)],
})

const signInQuery =
  'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } secondFactor { id } } }'

const stepUpQuery = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
const linkQuery = 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }'

/** A try with a signature of another key, from an address. */
const failFrom = async (victim: KeyOwner, address = '192.0.2.7'): Promise<Answer> => {
  const { id, message } = await victim.challenge()
  const proof = { key: { signature: new KeyOwner(idem).sign(message) } }
  return await idem.ask(signInQuery, { input: { challengeId: id, proof } }, { 'x-forwarded-for': address })
}

const failuresOf = async ({ accessToken }: Pick<SignedIn, 'accessToken'>) => {
  const { me } = dataOf(await idem.askAs(accessToken, '{ me { identities { failedProofs lastFailedAt } } }'))
  return me.identities[0]
}

test('an owner and an operator see how many proofs failed, from wherever they came', async () => {
  const victim = new KeyOwner(idem)
  const owner = await victim.signIn()
  expect(await failuresOf(owner)).toEqual({ failedProofs: 0, lastFailedAt: null })
  const answers = await atOnce(20, async (index) => await failFrom(victim, `198.51.100.${index}`))
  expect(answers.map(codeOf)).toEqual(Array(20).fill('PROOF_REJECTED'))
  const now = idem.clock.now().toISOString()
  expect(await failuresOf(owner)).toEqual({ failedProofs: 20, lastFailedAt: now })
  const operator = await new KeyOwner(idem).signIn('operator-of-failures')
  const asked = await idem.askAs(
    operator.accessToken,
    'query ($id: ID!) { account(id: $id) { failedProofs } accounts(first: 50) { edges { node { id failedProofs } } } }',
    { id: owner.accountId },
  )
  const { account, accounts } = dataOf(asked)
  expect(account).toEqual({ failedProofs: 20 })
  expect(accounts.edges).toContainEqual({ node: { id: owner.accountId, failedProofs: 20 } })
})

test('the next proof that holds forgets them, a step-up too', async () => {
  const victim = new KeyOwner(idem)
  const owner = await victim.signIn()
  await failFrom(victim)
  expect((await failuresOf(owner)).failedProofs).toBe(1)
  await victim.signIn()
  expect((await failuresOf(owner)).failedProofs).toBe(0)
  await failFrom(victim)
  expect(codeOf(await victim.stepUp(owner.accessToken))).toBeNull()
  expect((await failuresOf(owner)).failedProofs).toBe(0)
})

test('a log line names the network and the identity, and nothing that was sent', async () => {
  const victim = new KeyOwner(idem)
  const owner = await victim.signIn()
  const [row] = await tables.query('select id from identity where account_id = $1', [owner.accountId])
  const before = idem.logLines.length
  await failFrom(victim, '203.0.113.9')
  const lines = idem.logLines.slice(before).filter((line) => line.includes('PROOF_REJECTED'))
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ network: '203.0.113.9', identityId: row.id })
  expect(lines[0]).not.toContain(victim.publicKey)
})

test('a log line names the network, whatever a proof is rejected for and at whichever door', async () => {
  const victim = new KeyOwner(idem)
  const owner = await victim.signIn('victim-of-doors')
  const stranger = new KeyOwner(idem)
  const { accessToken } = await new KeyOwner(idem).signIn()
  const challenges = [
    await stranger.challenge({ handle: 'victim-of-doors' }),
    await stranger.challenge({ purpose: 'STEP_UP', accessToken }),
    await stranger.challenge({ purpose: 'LINK_IDENTITY', accessToken, handle: 'victim-of-doors' }),
  ]
  await tables.query("update account set level = 'aal2' where id = $1", [owner.accountId])
  const before = idem.logLines.length
  const from = { authorization: `Bearer ${accessToken}`, 'x-forwarded-for': '203.0.113.77' }
  const doors = [signInQuery, stepUpQuery, linkQuery]
  for (const [door, challenge] of challenges.entries()) {
    const answer = await idem.ask(doors[door] ?? '', { input: stranger.answer(challenge) }, from)
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
  }
  const withoutSecond = await idem.ask(signInQuery, { input: victim.answer(await victim.challenge()) }, from)
  expect(codeOf(withoutSecond)).toBe('PROOF_REJECTED')
  const lines = idem.logLines.slice(before).filter((line) => line.includes('PROOF_REJECTED'))
  expect(lines.map((line) => JSON.parse(line).network)).toEqual(Array(4).fill('203.0.113.77'))
})

test('asking whether the link of a mail was pressed is no failed proof', async () => {
  const address = 'waiting@example.org'
  const guest = await signInAsGuest(idem)
  await tables.query(
    `insert into identity (id, account_id, method, issuer, subject, created_at, failed_proofs)
      values (gen_random_uuid(), $1, 'email', 'email', $2, now(), 0)`,
    [guest.accountId, address],
  )
  const issued = await idem.ask(
    'mutation ($address: String!) { issueChallenge(input: { email: { address: $address } }) { id } }',
    { address },
  )
  const challengeId = dataOf(issued).issueChallenge.id
  const answer = async (code?: string) =>
    codeOf(await idem.ask(signInQuery, { input: { challengeId, proof: { email: { code } } } }))
  const failed = async () =>
    (await tables.query('select failed_proofs from identity where subject = $1', [address]))[0].failed_proofs
  expect([await answer(), await answer(), await failed()]).toEqual(['PROOF_REJECTED', 'PROOF_REJECTED', 0])
  expect([await answer('34679ACD'), await failed()]).toEqual(['PROOF_REJECTED', 1])
})

test('the answer tells nothing of it, and a stranger makes no row grow', async () => {
  const victim = new KeyOwner(idem)
  await victim.signIn()
  const refusal = (await failFrom(victim)).errors[0]
  const counts = async () => await tables.query('select id, failed_proofs from identity order by id')
  const before = [await tables.contents(), await counts()]
  const strange = (await failFrom(new KeyOwner(idem))).errors[0]
  expect([await tables.contents(), await counts()]).toEqual(before)
  const keys = (error: typeof refusal) => Object.keys(error?.extensions ?? {}).toSorted()
  expect(keys(strange)).toEqual(keys(refusal))
  expect(keys(refusal)).toEqual(['code', 'requestId'])
})

test('a commit is flushed to disk for a stranger as for an owner, so that its time tells nothing', async () => {
  const { failedProofs, ownCall } = idem.foundation
  const known = new KeyOwner(idem)
  await known.signIn()
  const writes = async (key: KeyOwner) =>
    await ownCall().inTransaction(async (inner) => {
      const about = { method: 'key', issuer: 'ed25519', subject: key.publicKey }
      const identityId = await failedProofs.note(inner, about)
      const [row] = await inner.run<{ hasId: boolean }>(
        { name: 'test_writes', text: 'select pg_current_xact_id_if_assigned() is not null as "hasId"' },
        [],
      )
      return [identityId !== null, row?.hasId]
    })
  expect(await writes(known)).toEqual([true, true])
  expect(await writes(new KeyOwner(idem))).toEqual([false, true])
})

test('a wrong second factor counts for the identity of the first proof', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  pins.set(owner.accountId, '1234')
  await tables.query("update account set level = 'aal2' where id = $1", [owner.accountId])
  const first = dataOf(await idem.ask(signInQuery, { input: key.answer(await key.challenge()) })).signIn
  const withPin = async (pin: string) =>
    await idem.ask(signInQuery, {
      input: { challengeId: first.secondFactor.id, proof: { testPin: { pin } } },
    })
  expect(codeOf(await withPin('9999'))).toBe('PROOF_REJECTED')
  expect((await failuresOf(owner)).failedProofs).toBe(1)
  expect(codeOf(await withPin('1234'))).toBeNull()
  expect((await failuresOf(owner)).failedProofs).toBe(0)
})

test('a wrong second factor within a session counts for the identity that opened it', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  pins.set(owner.accountId, '1234')
  await tables.query("update account set level = 'aal2' where id = $1", [owner.accountId])
  const issued = await idem.askAs(
    owner.accessToken,
    'mutation { issueChallenge(input: { testPin: {} }, purpose: STEP_UP) { id } }',
  )
  const challengeId = dataOf(issued).issueChallenge.id
  const stepUp = async (pin: string) =>
    await idem.askAs(
      owner.accessToken,
      'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }',
      { input: { challengeId, proof: { testPin: { pin } } } },
    )
  expect(codeOf(await stepUp('0000'))).toBe('PROOF_REJECTED')
  expect((await failuresOf(owner)).failedProofs).toBe(1)
  expect(codeOf(await stepUp('1234'))).toBeNull()
})
