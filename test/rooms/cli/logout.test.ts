// `idem logout` beside whatever else runs: afterwards nothing of that login works or comes back.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { startTappedService, type Wiretap } from '../client/wiretap.js'
import { TestMachine } from './try-cli.js'

let idem: TestService
let wire: Wiretap
let tables: Tables
let machine: TestMachine
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  tables = await Tables.open(idem.databaseUrl)
})
afterAll(async () => {
  await tables.close()
  await wire.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  machine = new TestMachine({ url: wire.url, clock: idem.clock })
})

const logIn = async (): Promise<string> => {
  const { account } = await machine.ask(['login', '--guest'])
  wire.forget()
  return account.id
}

const liveSessions = async (accountId: string): Promise<number> => {
  const alive = `select id from session
    where account_id = $1 and ended_at is null and refreshed_at > $2::timestamptz - interval '30 minutes'`
  return (await tables.query(alive, [accountId, idem.clock.now()])).length
}

const expectSignedOut = async (accountId: string) => {
  expect({ alive: await liveSessions(accountId), kept: machine.kept }).toMatchObject({
    alive: 0,
    kept: { login: null, tokens: null },
  })
  expect((await machine.run(['whoami'])).exitCode).toBe(3)
}

/** Longer than an access token serves, and less than its session can be refreshed. */
const afterTheToken = () => idem.clock.advance(26 * 60)
/** Longer than the session can be refreshed. */
const afterTheSession = () => idem.clock.advance(31 * 60)

test.each([
  ['a token that is refreshed', 'token', afterTheToken],
  ['a session that is opened again', 'token', afterTheSession],
  ['a call whose bearer is refused', 'whoami', () => undefined],
])(
  '25 rounds beside %s',
  async (_what, command, pass) => {
    for (let round = 0; round < 25; round += 1) {
      const accountId = await logIn()
      pass()
      const runs = Promise.all([machine.run(['logout']), machine.run([command]), machine.run([command])])
      for (const { exitCode } of await runs) expect([0, 3]).toContain(exitCode)
      await expectSignedOut(accountId)
    }
  },
  60_000,
)

test('a call that is refused while the logout is on its way waits for its end', async () => {
  const accountId = await logIn()
  let beside: ReturnType<TestMachine['run']> | null = null
  let isRefused: () => void = () => undefined
  const refused = new Promise<void>((resolve) => {
    isRefused = resolve
  })
  const { accessToken } = machine.kept.tokens
  wire.onNext('EndSession', async () => {
    // The session ends, and another shell's call is refused for that before the logout has come to its end.
    await idem.askAs(accessToken, 'mutation { endSession }')
    beside = machine.run(['whoami'])
    wire.onNext('WhoAmI', isRefused)
    await refused
  })
  expect((await machine.run(['logout'])).exitCode).toBe(0)
  expect(await beside).toMatchObject({ exitCode: 3 })
  await expectSignedOut(accountId)
})

test('a key that joins a guest while the guest logs out brings no login back', async () => {
  await logIn()
  const { file } = await machine.keygen('ada.pem')
  wire.onNextAnswer('LinkIdentity', () => machine.run(['logout']))
  await machine.ask(['keys', 'add', '--private-key', file])
  expect(machine.kept).toMatchObject({ login: null, tokens: null })
})
