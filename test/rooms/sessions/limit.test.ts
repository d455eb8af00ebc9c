// How many live sessions an account can have: one more ends the oldest.
import { expect, test } from 'vitest'
import { askMe, atOnce, dataOf, sessionIdOf, untilRefused } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem } = await serviceOfFile({ environment: { IDEM_SESSIONS_PER_ACCOUNT: '3' } })

const listed = async (accessToken: string): Promise<string[]> => {
  const { me } = dataOf(await idem.askAs(accessToken, '{ me { sessions { id } } }'))
  return me.sessions.map(({ id }: { id: string }) => id)
}

test('the fourth session ends the first, and no other', async () => {
  const owner = new KeyOwner(idem)
  const opened = []
  for (const _session of [1, 2, 3, 4]) {
    opened.push(await owner.signIn())
    idem.clock.advance(1)
  }
  const [first, second, third, fourth] = opened.map(({ accessToken }) => accessToken)
  if (!first || !second || !third || !fourth) throw new Error('four sessions were opened')
  await untilRefused(idem, first)
  expect(await listed(fourth)).toEqual([fourth, third, second].map(sessionIdOf))
  expect(dataOf(await askMe(idem, second)).session.id).toBe(sessionIdOf(second))
})

test('sessions that were ended or have expired take no place', async () => {
  const owner = new KeyOwner(idem)
  const first = await owner.signIn()
  for (const _session of [1, 2]) {
    const { accessToken } = await owner.signIn()
    dataOf(await idem.askAs(accessToken, 'mutation { endSession }'))
  }
  const expiring = await owner.signIn()
  idem.clock.advance(23 * 3600)
  const young = [await owner.signIn(), await owner.signIn()]
  expect(await listed(young[1]?.accessToken ?? '')).not.toContain(sessionIdOf(first.accessToken))
  idem.clock.advance(3600)
  // The two old ones are over: there is room for one more beside the young ones.
  const last = await owner.signIn()
  expect(await listed(last.accessToken)).toHaveLength(3)
  expect(await listed(last.accessToken)).not.toContain(sessionIdOf(expiring.accessToken))
})

test('the sessions of another account stay as they are', async () => {
  const [one, other] = [new KeyOwner(idem), new KeyOwner(idem)]
  const kept = await other.signIn()
  for (const _session of [1, 2, 3, 4, 5]) await one.signIn()
  expect(dataOf(await askMe(idem, kept.accessToken)).me.id).toBe(kept.accountId)
})

test('twenty sign-ins at once all succeed, and the next one brings them down to the limit', async () => {
  const owner = new KeyOwner(idem)
  await owner.signIn()
  await atOnce(20, async () => await owner.signIn())
  const last = await owner.signIn()
  expect(await listed(last.accessToken)).toHaveLength(3)
  expect((await listed(last.accessToken))[0]).toBe(sessionIdOf(last.accessToken))
  const live = await idem.foundation.database.run<{ count: string }>(
    {
      name: 'idem_test_live_sessions',
      text: 'select count(*) from session where account_id = $1 and ended_at is null',
    },
    [last.accountId],
  )
  expect(Number(live[0]?.count)).toBe(3)
})
