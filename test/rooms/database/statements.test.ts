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

/** The fewest of three times: what runs in the background, such as a look after a lost notification, only adds. */
const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const counts: number[] = []
  for (let time = 0; time < 3; time += 1) {
    const before = await count()
    await work()
    counts.push((await count()) - before)
  }
  return Math.min(...counts)
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
  let { refreshToken, accessToken } = await refresh(idem, guest.refreshToken)
  const refreshAgain = async () => {
    ;({ refreshToken, accessToken } = await refresh(idem, refreshToken))
  }
  expect(await statementsOf(refreshAgain)).toBe(1)
  await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true))
  const askWho = async () => dataOf(await idem.askAs(accessToken, '{ me { id handle } }'))
  await askWho()
  expect(await statementsOf(askWho)).toBe(0)
})
