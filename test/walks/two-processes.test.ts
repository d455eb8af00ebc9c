// Two processes on one PostgreSQL: what happens on one holds on the other within a second.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  askMe,
  atOnce,
  codeOf,
  dataOf,
  millisecondsUntil,
  refresh,
  revoke,
  sessionIdOf,
  setHandle,
  tally,
  tryRefresh,
  unlink,
  untilRefused,
} from '../support/calls.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { IdemProcess } from '../support/process.js'
import { createDatabase, MovableClock, startTestService, type TestService } from '../support/start-service.js'

const publicUrl = 'http://idem.test:4000'

let here: TestService
let there: TestService
beforeAll(async () => {
  const clock = new MovableClock()
  const environment = { IDEM_PUBLIC_URL: publicUrl, IDEM_THROTTLE_HANDLES_PER_SOURCE: '20' }
  here = await startTestService({ clock, environment })
  there = await startTestService({ clock, environment, databaseUrl: here.databaseUrl })
})
afterAll(async () => {
  await here.stop()
  await there.stop()
})

const pemOf = (owner: KeyOwner): string =>
  owner.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Has the session cached on a service: two asks, the second without a statement. */
const cacheOn = async (idem: TestService, accessToken: string): Promise<void> => {
  expect((await askMe(idem, accessToken)).status).toBe(200)
  expect((await askMe(idem, accessToken)).status).toBe(200)
}

test('a session revoked on one process is refused on the other within a second, though it was cached there', async () => {
  const owner = new KeyOwner(here)
  for (let round = 0; round < 10; round++) {
    const [kept, revoked] = [await owner.signIn(), await owner.signIn()]
    await cacheOn(there, revoked.accessToken)
    expect(dataOf(await revoke(here, kept.accessToken, sessionIdOf(revoked.accessToken))).revokeSession).toBe(
      true,
    )
    await untilRefused(there, revoked.accessToken)
    expect((await askMe(there, kept.accessToken)).status).toBe(200)
  }
})

test('a cached session costs the other process no statement, so the revocation is heard and not asked for', async () => {
  const { accessToken } = await signInAsGuest(here)
  const ask = async () => dataOf(await there.askAs(accessToken, '{ me { id handle kind } }'))
  await ask()
  const count = async () => (await there.foundation.metrics.databaseStatements.get()).values[0]?.value
  const before = await count()
  for (let index = 0; index < 20; index++) await ask()
  expect(await count()).toBe(before)
})

test('sessions ended by unlinking, by ending the others, and by reuse are refused on the other process', async () => {
  const [one, two] = [new KeyOwner(here), new KeyOwner(here)]
  const first = await one.signIn()
  dataOf(await two.link(first.accessToken))
  const second = await two.signIn()
  await cacheOn(there, second.accessToken)
  const { me } = dataOf(await askMe(here, first.accessToken))
  const id = me.identities.find((identity: { subject: string }) => identity.subject === two.publicKey).id
  dataOf(await unlink(here, first.accessToken, id))
  await untilRefused(there, second.accessToken)

  const third = await one.signIn()
  await cacheOn(there, third.accessToken)
  dataOf(await here.askAs(first.accessToken, 'mutation { revokeOtherSessions }'))
  await untilRefused(there, third.accessToken)

  const next = await refresh(here, first.refreshToken)
  const last = await refresh(there, next.refreshToken)
  await cacheOn(there, last.accessToken)
  await cacheOn(here, last.accessToken)
  expect(codeOf(await tryRefresh(here, first.refreshToken))).toBe('REFRESH_REUSED')
  await untilRefused(there, last.accessToken)
  await untilRefused(here, last.accessToken)
})

test('a handle picked on one process shows on the other within a second', async () => {
  const { accessToken } = await signInAsGuest(here)
  await cacheOn(there, accessToken)
  dataOf(await setHandle(here, accessToken, 'seen-from-afar'))
  await millisecondsUntil(
    1_000,
    async () => dataOf(await askMe(there, accessToken)).me.handle === 'seen-from-afar',
  )
})

test('a guest that became a person on one process must step up like one on the other within a second', async () => {
  const guest = await signInAsGuest(here)
  await cacheOn(there, guest.accessToken)
  dataOf(await new KeyOwner(here).link(guest.accessToken))
  await millisecondsUntil(
    1_000,
    async () => codeOf(await new KeyOwner(there).link(guest.accessToken)) === 'STEP_UP_REQUIRED',
  )
})

test('a challenge of one process is answered at the other, and spent on both', async () => {
  const owner = new KeyOwner(here)
  const elsewhere = new KeyOwner(there, pemOf(owner))
  const input = owner.answer(await elsewhere.challenge())
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  const answers = await Promise.all([
    ...Array.from({ length: 20 }, () => here.ask(signIn, { input })),
    ...Array.from({ length: 20 }, () => there.ask(signIn, { input })),
  ])
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 39 })
})

test('one refresh token shown to both processes at once gets one successor', async () => {
  const { refreshToken } = await signInAsGuest(here)
  const answers = await atOnce(40, (index) => tryRefresh(index % 2 === 0 ? here : there, refreshToken))
  expect(tally(answers)).toEqual({ ok: 40 })
  expect(new Set(answers.map((answer) => answer.data.refreshSession.refreshToken)).size).toBe(1)
})

test('attempts on both processes count together', async () => {
  here.clock.advance(3_600)
  const ask = async (idem: TestService, index: number) =>
    await idem.ask('query ($handle: String!) { handleAvailable(handle: $handle) }', {
      handle: `count-${index}`,
    })
  for (let index = 0; index < 20; index++)
    expect(codeOf(await ask(index % 2 === 0 ? here : there, index))).toBeNull()
  for (const idem of [here, there, here]) {
    const refused = await ask(idem, 99)
    expect(codeOf(refused)).toBe('RATE_LIMITED')
    expect(refused.errors[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0)
  }
})

test('two real processes that start at once on an empty database: one migrates, both serve, a revocation reaches the other', async () => {
  const databaseUrl = await createDatabase({ empty: true })
  const environment = {
    DATABASE_URL: databaseUrl,
    IDEM_SECRET: 'a-secret-that-two-processes-share-0123456789',
    IDEM_PUBLIC_URL: publicUrl,
  }
  const processes = await atOnce(2, () => IdemProcess.start(environment))
  try {
    const [one, two] = (await Promise.all(processes.map((one) => one.ready()))).map((ready) =>
      ready.asService(databaseUrl),
    )
    if (one === undefined || two === undefined) throw new Error('two were started')
    const owner = new KeyOwner(one)
    const [kept, revoked] = [await owner.signIn(), await owner.signIn()]
    await cacheOn(two, revoked.accessToken)
    dataOf(await revoke(one, kept.accessToken, sessionIdOf(revoked.accessToken)))
    await untilRefused(two, revoked.accessToken)
    expect((await askMe(two, kept.accessToken)).status).toBe(200)
  } finally {
    const ended = await Promise.all(processes.map((one) => one.stop()))
    expect(ended).toMatchObject([
      { exitCode: 0, stderr: '' },
      { exitCode: 0, stderr: '' },
    ])
  }
})
