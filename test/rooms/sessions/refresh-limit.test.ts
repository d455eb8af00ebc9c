// Refreshing is limited per session, in the row that a refresh changes anyway.
import { expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, refresh, tally, tryRefresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_THROTTLE_REFRESHES_PER_SESSION: '5' } })

const statements = async (): Promise<number> =>
  (await idem.foundation.metrics.databaseStatements.get()).values[0]?.value ?? 0

const refreshTimes = async (refreshToken: string, times: number): Promise<string> => {
  let token = refreshToken
  for (let index = 0; index < times; index++) ({ refreshToken: token } = await refresh(idem, token))
  return token
}

test('after as many as a window may have they go on at that pace, with the same token', async () => {
  const { refreshToken, accountId } = await signInAsGuest(idem)
  const token = await refreshTimes(refreshToken, 5)
  const refused = await tryRefresh(idem, token)
  expect([codeOf(refused), refused.status, refused.headers.get('retry-after')]).toEqual([
    'RATE_LIMITED',
    429,
    '60',
  ])
  idem.clock.advance(59)
  expect(codeOf(await tryRefresh(idem, token))).toBe('RATE_LIMITED')
  idem.clock.advance(1)
  const next = await refreshTimes(token, 1)
  expect(codeOf(await tryRefresh(idem, next))).toBe('RATE_LIMITED')
  // Each of six was audited, and none of the refusals.
  const acts = await tables.actsOn(accountId)
  expect(acts.filter((act) => act === 'session.refreshed')).toHaveLength(6)
})

test('a session that rested may refresh as often as a new one, and not more often', async () => {
  const { refreshToken } = await signInAsGuest(idem)
  const token = await refreshTimes(refreshToken, 5)
  idem.clock.advance(20 * 60)
  expect(codeOf(await tryRefresh(idem, await refreshTimes(token, 5)))).toBe('RATE_LIMITED')
})

test('a token that has expired, or was used before, is told as such, however fast', async () => {
  const [expired, reused] = [await signInAsGuest(idem), await signInAsGuest(idem)]
  const token = await refreshTimes(expired.refreshToken, 5)
  await refreshTimes(reused.refreshToken, 5)
  expect(codeOf(await tryRefresh(idem, reused.refreshToken))).toBe('REFRESH_REUSED')
  idem.clock.advance(31 * 60)
  expect(codeOf(await tryRefresh(idem, token))).toBe('UNAUTHENTICATED')
})

test('fifty at once with one token get one successor and count once', async () => {
  const { refreshToken } = await signInAsGuest(idem)
  const answers = await atOnce(50, async () => await tryRefresh(idem, refreshToken))
  expect(tally(answers)).toEqual({ ok: 50 })
  const successors = new Set(answers.map((answer) => dataOf(answer).refreshSession.refreshToken))
  expect(successors.size).toBe(1)
  await refreshTimes([...successors][0] ?? '', 4)
})

test('another session of the account has a limit of its own, and a refresh stays one statement', async () => {
  const owner = new KeyOwner(idem)
  const [one, other] = [await owner.signIn(), await owner.signIn()]
  expect(codeOf(await tryRefresh(idem, await refreshTimes(one.refreshToken, 5)))).toBe('RATE_LIMITED')
  const before = await statements()
  await refresh(idem, other.refreshToken)
  expect(await statements()).toBe(before + 1)
})
