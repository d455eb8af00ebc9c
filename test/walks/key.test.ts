// The story of a person with a key: registers, comes back, adds a second key, removes the first.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KeyOwner } from '../support/key-owner.js'
import { startTestService, type TestService } from '../support/start-service.js'

let idem: TestService
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())

const opensslKey = (): string =>
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' })

test('a key made by openssl registers under a handle, and signs in again', async () => {
  const ada = new KeyOwner(idem, opensslKey())
  const first = await ada.signIn('Ada')
  expect(first.provisioned).toBe(true)
  const again = await ada.signIn('ada')
  expect(again).toMatchObject({ provisioned: false, accountId: first.accountId })
  const { data } = await idem.askAs(
    again.accessToken,
    '{ me { id kind handle identities { subject } sessions { current } } }',
  )
  expect(data.me).toMatchObject({ id: first.accountId, kind: 'PERSON', handle: 'ada' })
  expect(data.me.identities).toEqual([{ subject: ada.publicKey }])
  expect(data.me.sessions.map((session: { current: boolean }) => session.current)).toEqual([true, false])
})
