// Refreshing at once: one successor for all, nobody logged out by it, and a stolen token found out.
import { expect, test } from 'vitest'
import {
  askMe,
  atOnce,
  codeOf,
  dataOf,
  refresh,
  sessionIdOf,
  tally,
  tryRefresh,
  untilRefused,
} from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile({
  environment: { IDEM_LOG_LEVEL: 'warn', IDEM_THROTTLE_REFRESHES_PER_SESSION: '1000000' },
})

const rowOf = async (accessToken: string) => {
  const [row] = await tables.query('select generation, ended_at from session where id = $1', [
    sessionIdOf(accessToken),
  ])
  return row
}

test('200 uses of one refresh token at once get one successor', async () => {
  const { refreshToken, accessToken } = await signInAsGuest(idem)
  const answers = await atOnce(200, () => tryRefresh(idem, refreshToken))
  expect(tally(answers)).toEqual({ ok: 200 })
  const successors = new Set(answers.map((answer) => answer.data.refreshSession.refreshToken))
  expect(successors.size).toBe(1)
  expect(successors.has(refreshToken)).toBe(false)
  expect(await rowOf(accessToken)).toEqual({ generation: 1, ended_at: null })
  const acts = await tables.query('select action from audit_entry where session_id = $1 order by id', [
    sessionIdOf(accessToken),
  ])
  expect(acts.map((act) => act.action)).toEqual(['session.started', 'session.refreshed'])
})

test('a refresh token older than the one before the current ends the session, and its tokens are refused', async () => {
  const first = await signInAsGuest(idem)
  const second = await refresh(idem, first.refreshToken)
  const third = await refresh(idem, second.refreshToken)
  expect((await askMe(idem, third.accessToken)).status).toBe(200)
  const reused = await tryRefresh(idem, first.refreshToken)
  expect(codeOf(reused)).toBe('REFRESH_REUSED')
  expect(reused.data).toBeNull()
  for (const token of [first, second, third]) await untilRefused(idem, token.accessToken)
  expect(codeOf(await tryRefresh(idem, third.refreshToken))).toBe('UNAUTHENTICATED')
  expect(codeOf(await tryRefresh(idem, first.refreshToken))).toBe('UNAUTHENTICATED')
  const acts = await tables.actsOn(first.accountId)
  expect(acts.filter((act) => act === 'session.refresh_reused')).toHaveLength(1)
})

test('the refresh token before the current one gets the same successor for ten seconds, and ends the session after', async () => {
  const first = await signInAsGuest(idem)
  const second = await refresh(idem, first.refreshToken)
  idem.clock.advance(9)
  const repeated = await refresh(idem, first.refreshToken)
  expect(repeated.refreshToken).toBe(second.refreshToken)
  expect(dataOf(await askMe(idem, repeated.accessToken)).me.id).toBe(first.accountId)
  // The repeat did not start the ten seconds anew.
  idem.clock.advance(2)
  expect(codeOf(await tryRefresh(idem, first.refreshToken))).toBe('REFRESH_REUSED')
  await untilRefused(idem, second.accessToken)
  expect(codeOf(await tryRefresh(idem, second.refreshToken))).toBe('UNAUTHENTICATED')
})

test('50 thieves with an old token at once end the session once', async () => {
  const first = await signInAsGuest(idem)
  await refresh(idem, (await refresh(idem, first.refreshToken)).refreshToken)
  const answers = await atOnce(50, () => tryRefresh(idem, first.refreshToken))
  const counts = tally(answers)
  expect(counts['ok']).toBeUndefined()
  expect(counts['REFRESH_REUSED']).toBeGreaterThan(0)
  expect((counts['REFRESH_REUSED'] ?? 0) + (counts['UNAUTHENTICATED'] ?? 0)).toBe(50)
  const acts = await tables.actsOn(first.accountId)
  expect(acts.filter((act) => act === 'session.refresh_reused')).toHaveLength(1)
})

test('1,000 races of eight tabs refreshing at once: no false logout', async () => {
  const owner = new KeyOwner(idem)
  const started = await owner.signIn()
  let current = started.refreshToken
  for (let race = 1; race <= 1_000; race++) {
    const answers = await atOnce(8, () => tryRefresh(idem, current))
    const successors = new Set(answers.map((answer) => dataOf(answer).refreshSession.refreshToken))
    if (successors.size !== 1) throw new Error(`race ${race}: ${successors.size} successors`)
    const [successor] = successors
    if (successor === undefined || successor === current) throw new Error(`race ${race}: no successor`)
    current = successor
  }
  expect(await rowOf(started.accessToken)).toEqual({ generation: 1_000, ended_at: null })
  const last = await refresh(idem, current)
  expect(dataOf(await askMe(idem, last.accessToken)).me.id).toBe(started.accountId)
}, 120_000)

test('a refresh and the end of its session at once leave no live session', async () => {
  for (let round = 0; round < 20; round++) {
    const { accessToken, refreshToken } = await signInAsGuest(idem)
    const [, ended] = await Promise.all([
      tryRefresh(idem, refreshToken),
      idem.askAs(accessToken, 'mutation { endSession }'),
    ])
    expect(dataOf(ended).endSession).toBe(true)
    expect((await rowOf(accessToken)).ended_at).not.toBeNull()
    const after = await tryRefresh(idem, refreshToken)
    expect(codeOf(after)).toBe('UNAUTHENTICATED')
  }
})

test('two sessions that end each other at once both end, and neither waits for the other', async () => {
  const owner = new KeyOwner(idem)
  for (let round = 0; round < 10; round++) {
    const sessions = await atOnce(6, () => owner.signIn())
    const answers = await Promise.all(
      sessions.map((session) => idem.askAs(session.accessToken, 'mutation { revokeOtherSessions }')),
    )
    for (const answer of answers) expect(['ok', 'UNAUTHENTICATED']).toContain(codeOf(answer) ?? 'ok')
    const [row] = await tables.query(
      'select count(*)::int as live from session where id = any($1::uuid[]) and ended_at is null',
      [sessions.map((session) => sessionIdOf(session.accessToken))],
    )
    expect(row.live).toBeLessThanOrEqual(1)
  }
})
