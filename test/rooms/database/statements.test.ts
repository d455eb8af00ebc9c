// How many statements the frequent requests take.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { dataOf, refresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'

let idem: TestService
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())

const count = async (): Promise<number> =>
  (await idem.foundation.metrics.databaseStatements.get()).values[0]?.value ?? 0

const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = await count()
  await work()
  return (await count()) - before
}

test('frequent requests take few statements: the count of the attempt, a look, and all that is written as one', async () => {
  const owner = new KeyOwner(idem)
  // Only while what is written elsewhere is heard, rows are cached, and then not looked for again.
  await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true))
  await owner.signIn()
  await owner.signIn()
  await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true))
  expect(await statementsOf(() => owner.signIn())).toBe(3)
  expect(await statementsOf(() => signInAsGuest(idem))).toBe(3)
  const guest = await signInAsGuest(idem)
  const { refreshToken, accessToken } = await refresh(idem, guest.refreshToken)
  expect(await statementsOf(() => refresh(idem, refreshToken))).toBe(1)
  await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true))
  const askWho = async () => dataOf(await idem.askAs(accessToken, '{ me { id handle } }'))
  await askWho()
  expect(await statementsOf(askWho)).toBe(0)
})
