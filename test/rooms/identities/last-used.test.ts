// When an identity was last used: written beside what the proof allows, in the same statement, once a minute at most.
import { expect, test, vi } from 'vitest'
import { atOnce, codeOf, dataOf } from '../../support/calls.js'
import { KeyOwner, type SignedIn } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile()

interface Use {
  readonly id: string
  readonly subject: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

const usesOf = async ({ accessToken }: Pick<SignedIn, 'accessToken'>): Promise<Use[]> =>
  dataOf(await idem.askAs(accessToken, '{ me { identities { id subject createdAt lastUsedAt } } }')).me
    .identities

const lastUseOf = async (owner: SignedIn): Promise<string | null | undefined> =>
  (await usesOf(owner))[0]?.lastUsedAt

const now = (): string => idem.clock.now().toISOString()

const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const count = async () => (await idem.foundation.metrics.databaseStatements.get()).values[0]?.value ?? 0
  const before = await count()
  await work()
  return (await count()) - before
}

test('a new identity was used when it was added; a later sign-in and a step-up are uses', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  const createdAt = now()
  expect(await usesOf(owner)).toMatchObject([{ createdAt, lastUsedAt: createdAt }])
  idem.clock.advance(61)
  await key.signIn()
  expect(await lastUseOf(owner)).toBe(now())
  idem.clock.advance(61)
  expect(codeOf(await key.stepUp(owner.accessToken))).toBeNull()
  expect(await lastUseOf(owner)).toBe(now())
})

test('a further use within a minute is not written', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  const first = now()
  idem.clock.advance(59)
  await key.signIn()
  expect(await lastUseOf(owner)).toBe(first)
  idem.clock.advance(1)
  await key.signIn()
  expect(await lastUseOf(owner)).toBe(now())
})

test('only the identity that was proven was used, and a refused proof is no use', async () => {
  const [first, second] = [new KeyOwner(idem), new KeyOwner(idem)]
  const owner = await first.signIn()
  dataOf(await second.link(owner.accessToken))
  const linkedAt = now()
  idem.clock.advance(120)
  await second.signIn()
  const signedInAt = now()
  idem.clock.advance(120)
  const { id, message } = await first.challenge()
  const proof = { key: { signature: second.sign(message) } }
  const refused = await idem.ask(
    'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }',
    { input: { challengeId: id, proof } },
  )
  expect(codeOf(refused)).toBe('PROOF_REJECTED')
  const uses = new Map((await usesOf(owner)).map(({ subject, lastUsedAt }) => [subject, lastUsedAt]))
  expect(uses).toEqual(
    new Map([
      [first.publicKey, linkedAt],
      [second.publicKey, signedInAt],
    ]),
  )
})

test('the use costs no statement more', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  await key.signIn()
  await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true))
  const without = await statementsOf(() => key.signIn())
  idem.clock.advance(61)
  expect(await statementsOf(() => key.signIn())).toBe(without)
  expect(await lastUseOf(owner)).toBe(now())
})

test('an identity from before has no last use until its next proof', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  await tables.query('update identity set last_used_at = null where account_id = $1', [owner.accountId])
  expect(await lastUseOf(owner)).toBeNull()
  await key.signIn()
  expect(await lastUseOf(owner)).toBe(now())
})

test('of many sign-ins at once each opens a session', async () => {
  const key = new KeyOwner(idem)
  const owner = await key.signIn()
  idem.clock.advance(61)
  const signedIn = await atOnce(10, async () => await key.signIn())
  expect(new Set(signedIn.map(({ accountId }) => accountId))).toEqual(new Set([owner.accountId]))
  expect(await lastUseOf(owner)).toBe(now())
})

test('an identity that is removed while it signs in registers anew, as if it had come later', async () => {
  const [first, second] = [new KeyOwner(idem), new KeyOwner(idem)]
  const owner = await first.signIn()
  dataOf(await second.link(owner.accessToken))
  idem.clock.advance(61)
  await tables.query('begin')
  await tables.query('delete from identity where subject = $1', [second.publicKey])
  const signingIn = second.signIn()
  const waiting =
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  await vi.waitFor(async () => expect(await tables.query(waiting)).not.toEqual([]))
  await tables.query('commit')
  const { accountId, provisioned } = await signingIn
  expect(provisioned).toBe(true)
  expect(accountId).not.toBe(owner.accountId)
})
