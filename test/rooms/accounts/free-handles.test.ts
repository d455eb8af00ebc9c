// A handle that nobody ever used is free again after a quarantine; one that somebody used never is, nor an operator's.
import { expect, onTestFinished, test } from 'vitest'
import { purgeExpired } from '../../../jobs/purge-expired.js'
import { askMe, atOnce, codeOf, dataOf, refresh, setHandle } from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const daySeconds = 24 * 3_600
const quarantineDays = 180
const operatorHandle = 'handle-operator'

const start = async (environment: Readonly<Record<string, string>> = {}) => {
  const idem = await startTestService({ environment })
  const tables = await Tables.open(idem.databaseUrl)
  onTestFinished(async () => {
    await tables.close()
    await idem.stop()
  })
  return { idem, tables }
}

/** What a worker does each day; its own settings may know of no operators. */
const purge = async (idem: TestService, keptHandles: ReadonlySet<string> = new Set()): Promise<number> => {
  const purged = await purgeExpired(idem.foundation.ownCall(), async () => undefined, {
    ...idem.foundation,
    logger: idem.options.logger,
    random: idem.options.random,
    keptHandles,
    keptFor: {
      endedSessionDays: 30,
      challengeHours: 24,
      mailDays: 30,
      knownNetworkDays: 90,
      doneJobDays: 7,
      webhookDays: 35,
      idleGuestDays: 90,
      handleQuarantineDays: quarantineDays,
      auditDays: { routine: 7, access: 90, change: 730 },
    },
  })
  return purged['unused handles'] ?? 0
}

/** So many days pass, with a purge after each month. */
const pass = async (idem: TestService, days: number): Promise<number> => {
  let freed = 0
  for (let day = 0; day < days; day += 30) {
    idem.clock.advance(Math.min(30, days - day) * daySeconds)
    freed += await purge(idem)
  }
  return freed
}

const isFree = async (idem: TestService, handle: string): Promise<boolean> =>
  dataOf(await idem.ask('query ($handle: String!) { handleAvailable(handle: $handle) }', { handle }))
    .handleAvailable

test('a handle that its owner gave up within a day is free after the quarantine, and no sooner', async () => {
  const { idem, tables } = await start()
  const owner = new KeyOwner(idem)
  const { accessToken, refreshToken, accountId } = await owner.signIn('tried-once')
  await refresh(idem, refreshToken)
  idem.clock.advance(60)
  dataOf(await setHandle(idem, accessToken, 'kept-for-good'))
  expect(await pass(idem, quarantineDays)).toBe(0)
  expect(await isFree(idem, 'tried-once')).toBe(false)
  expect(await pass(idem, 1)).toBe(1)
  expect(await isFree(idem, 'tried-once')).toBe(true)
  expect(await isFree(idem, 'kept-for-good')).toBe(false)
  expect(await tables.actsOn(accountId)).toContain('account.handle_released')
  // Whoever takes it now has it; who had it for a minute is a stranger to it.
  const next = await new KeyOwner(idem).signIn('tried-once')
  expect(next.accountId).not.toBe(accountId)
  expect(codeOf(await owner.trySignIn('tried-once'))).toBe('PROOF_REJECTED')
  expect((await owner.signIn('kept-for-good')).accountId).toBe(accountId)
})

test('one that its owner used for longer is never free, nor one that its owner took again', async () => {
  const { idem } = await start({ IDEM_SESSION_LIFETIME_SECONDS: String(365 * daySeconds) })
  const owner = new KeyOwner(idem)
  await owner.signIn('used-for-a-day')
  idem.clock.advance(daySeconds)
  dataOf(await setHandle(idem, (await owner.signIn()).accessToken, 'tried-twice'))
  dataOf(await setHandle(idem, (await owner.signIn()).accessToken, 'in-between'))
  idem.clock.advance(60 * daySeconds)
  dataOf(await setHandle(idem, (await owner.signIn()).accessToken, 'tried-twice'))
  expect(await pass(idem, 3 * quarantineDays)).toBe(0)
  for (const handle of ['used-for-a-day', 'tried-twice', 'in-between'])
    expect([handle, await isFree(idem, handle)]).toEqual([handle, false])
})

test('the handle of an account that did nothing after it was made is free; the account stays, without it', async () => {
  const { idem, tables } = await start()
  const [owner, guest] = [new KeyOwner(idem), await signInAsGuest(idem)]
  const { accountId } = await owner.signIn('never-came-back')
  dataOf(await setHandle(idem, guest.accessToken, 'guest-of-an-hour'))
  expect(await pass(idem, quarantineDays)).toBe(0)
  expect(await pass(idem, 1)).toBe(2)
  for (const handle of ['never-came-back', 'guest-of-an-hour']) expect(await isFree(idem, handle)).toBe(true)
  expect(await tables.actsOn(accountId)).toContain('account.handle_released')
  const back = await owner.signIn()
  expect(dataOf(await askMe(idem, back.accessToken)).me).toMatchObject({ id: accountId, handle: null })
  dataOf(await setHandle(idem, back.accessToken, 'never-came-back'))
  expect(await pass(idem, 2 * quarantineDays)).toBe(0)
})

const link = async (idem: TestService, { accessToken }: SignedIn): Promise<void> =>
  void dataOf(await new KeyOwner(idem).link(accessToken))

const uses: readonly (readonly [
  string,
  (idem: TestService, owner: KeyOwner, signedIn: SignedIn) => Promise<unknown>,
])[] = [
  ['refreshed its session', async (idem, _owner, { refreshToken }) => await refresh(idem, refreshToken)],
  [
    'signed in again',
    async (idem, owner) => {
      idem.clock.advance(60)
      await owner.signIn()
    },
  ],
  [
    'stepped up',
    async (idem, owner, { accessToken }) => {
      idem.clock.advance(60)
      dataOf(await owner.stepUp(accessToken))
    },
  ],
  [
    'linked a key',
    async (idem, _owner, signedIn) => {
      idem.clock.advance(60)
      await link(idem, signedIn)
    },
  ],
  [
    'linked an address',
    async (idem, _owner, { accessToken }) => {
      const address = new EmailOwner(idem, unsentInbox(idem), 'ada@example.org')
      await address.challenge({ purpose: 'LINK_IDENTITY', accessToken })
      dataOf(await address.tryLink(accessToken, 1))
    },
  ],
  [
    'registered a device',
    async (idem, _owner, { accessToken }) => dataOf(await new Device(idem).register(accessToken)),
  ],
  [
    'said what it is called',
    async (idem, _owner, { accessToken }) =>
      dataOf(
        await idem.askAs(accessToken, 'mutation { updateProfile(input: { displayName: "Ada" }) { id } }'),
      ),
  ],
  [
    'was suspended',
    async (idem, _owner, { accountId }) => {
      const operator = await new KeyOwner(idem).signIn(operatorHandle)
      const query = 'mutation ($id: ID!) { suspendAccount(id: $id, reason: "spam") { id } }'
      dataOf(await idem.askAs(operator.accessToken, query, { id: accountId }))
      await refresh(idem, operator.refreshToken)
    },
  ],
]

test.each(uses)(
  'the handle of an account that %s is never free, long after its sessions were purged',
  async (_use, use) => {
    const { idem, tables } = await start({ IDEM_OPERATORS: operatorHandle })
    const owner = new KeyOwner(idem)
    const signedIn = await owner.signIn('used')
    await use(idem, owner, signedIn)
    expect(await pass(idem, 3 * quarantineDays)).toBe(0)
    expect((await tables.counts())['session']).toBe(0)
    expect(await isFree(idem, 'used')).toBe(false)
  },
)

test('the first handle of an account that came back to pick one is never free', async () => {
  const { idem } = await start()
  const owner = new KeyOwner(idem)
  await owner.signIn()
  await pass(idem, 40)
  dataOf(await setHandle(idem, (await owner.signIn()).accessToken, 'late'))
  expect(await pass(idem, 3 * quarantineDays)).toBe(0)
  expect(await isFree(idem, 'late')).toBe(false)
})

test('a handle that IDEM_OPERATORS lists never passes to another, be it unused or given up', async () => {
  const { idem } = await start({ IDEM_OPERATORS: 'listed-unused, listed-given-up' })
  await new KeyOwner(idem).signIn('listed-unused')
  const { accessToken } = await new KeyOwner(idem).signIn('listed-given-up')
  dataOf(await setHandle(idem, accessToken, 'another'))
  const listed = new Set(['listed-unused', 'listed-given-up'])
  for (let count = 0; count < 3; count++) {
    idem.clock.advance(quarantineDays * daySeconds)
    // The other one is of an account that did nothing else.
    expect(await purge(idem, listed)).toBe(count === 1 ? 1 : 0)
  }
  // A service that lists them marks them at its start: then a worker that knows of no list keeps them, too.
  const again = await startTestService({
    environment: { IDEM_OPERATORS: 'listed-unused, listed-given-up' },
    databaseUrl: idem.databaseUrl,
    clock: idem.clock,
  })
  await again.stop()
  expect(await purge(idem)).toBe(0)
  for (const handle of listed) expect(await isFree(idem, handle)).toBe(false)
})

test('taken again, or signed in to, at the very moment of the purge: no account has a handle that is not its own', async () => {
  const { idem, tables } = await start({
    IDEM_THROTTLE_NEW_HANDLES_PER_SOURCE: '100000',
    IDEM_THROTTLE_HANDLES_PER_SOURCE: '100000',
  })
  const owners = Array.from({ length: 15 }, () => new KeyOwner(idem))
  await Promise.all(
    owners.map(async (owner, index) => {
      const { accessToken } = await owner.signIn(`given-up-${index}`)
      if (index % 2 === 0) dataOf(await setHandle(idem, accessToken, `other-${index}`))
    }),
  )
  idem.clock.advance((quarantineDays + 1) * daySeconds)
  const sessions = await Promise.all(owners.map(async (owner) => await owner.signIn()))
  await Promise.all(
    [
      atOnce(3, async () => await purge(idem)),
      ...sessions.map(async ({ accessToken }, index) =>
        dataOf(await setHandle(idem, accessToken, `given-up-${index}`)),
      ),
      atOnce(15, async (index) => await new KeyOwner(idem).trySignIn(`given-up-${index}`)),
    ].map(
      async (work) =>
        await Promise.resolve(work).catch((error: unknown) => {
          if (!String(error).includes('CONFLICT')) throw error
        }),
    ),
  )
  const wrong = await tables.query(`select a.handle from account a where a.handle is not null
    and not exists (select 1 from handle h where h.name = a.handle and h.account_id = a.id and h.given_up_at is null)`)
  expect(wrong).toEqual([])
})
