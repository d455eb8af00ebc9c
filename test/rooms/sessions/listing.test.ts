// The list of sessions: what it costs, and which of them is mine.
import { expect, test } from 'vitest'
import { dataOf } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile()

test('an account with thousands of sessions lists its newest hundred', async () => {
  const guest = await signInAsGuest(idem)
  await tables.query(
    `insert into session select gen_random_uuid(), account_id, identity_id, device, amr, acr, scope, authenticated_at,
      started_at, expires_at, generation, refreshed_at, ended_at from session, generate_series(1, 3000)
      where account_id = $1`,
    [guest.accountId],
  )
  const { me } = dataOf(await idem.askAs(guest.accessToken, '{ me { sessions { deviceName } } }'))
  expect(me.sessions).toHaveLength(100)
})

test('the session that a sign-in has just opened is the current one of its answer', async () => {
  const answer = await idem.ask(
    'mutation { signIn(input: {proof: {anonymous: {}}}) { account { identities { method } sessions { current } } } }',
  )
  expect(dataOf(answer).signIn.account).toEqual({
    identities: [{ method: 'anonymous' }],
    sessions: [{ current: true }],
  })
})
