// The page of the link that cancels a reset: a GET changes nothing, its button cancels, in both languages.
import { expect, test } from 'vitest'
import { cancelTokenOf } from '../../../src/password-resets/cancel-token.js'
import { codeOf, dataOf } from '../../support/calls.js'
import { PasswordOwner } from '../../support/password-owner.js'
import { cancelReset, resetByMail, shownReset } from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({
  environment: { ...withoutLimits, IDEM_SESSION_LIFETIME_SECONDS: '31536000' },
})
const inbox = unsentInbox(idem)
const hour = 3_600

const somebodyWaiting = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const session = await owner.signIn()
  const { address } = owner.email
  const { id } = dataOf(await resetByMail(idem, inbox, address)).resetPassword
  return { owner, session, address, id, token: cancelTokenOf(id, idem.foundation.keyRing) }
}

const open = async (token: string, options: RequestInit = {}): Promise<Response> =>
  await fetch(`${idem.url}/cancel-reset?token=${token}`, options)

const press = async (token: string, headers: Record<string, string> = {}): Promise<Response> =>
  await fetch(`${idem.url}/cancel-reset`, { method: 'POST', headers, body: new URLSearchParams({ token }) })

test('the page names the account, who began it and when it can be completed; looking changes nothing', async () => {
  const { owner, token } = await somebodyWaiting()
  const before = await tables.contents()
  const answer = await open(token)
  const body = await answer.text()
  expect(answer.status).toBe(200)
  for (const text of [
    'Cancel the reset?',
    owner.handle,
    '127.0.0.1',
    '<form method="post" action="/cancel-reset">',
  ])
    expect(body).toContain(text)
  expect(body).not.toMatch(/<script|<img|<link|https?:\/\/|\bon\w+=/)
  for (const [name, value] of [
    ['cache-control', 'no-store'],
    ['referrer-policy', 'no-referrer'],
    ['x-robots-tag', 'noindex, nofollow'],
  ] as const)
    expect(answer.headers.get(name)).toBe(value)
  expect((await open(token, { method: 'HEAD' })).status).toBe(200)
  const german = await (await open(token, { headers: { 'accept-language': 'de' } })).text()
  expect(german).toContain('<html lang="de">')
  expect(german).toContain('Zurücksetzen abbrechen?')
  expect(await tables.contents()).toEqual(before)
})

test('its button cancels once, tells the owner, and no other reset begins for a day', async () => {
  const { session, address, token } = await somebodyWaiting()
  const answer = await press(token)
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('The reset is cancelled')
  expect(await shownReset(idem, session.accessToken)).toBeNull()
  expect((await press(token)).status).toBe(200)
  expect(await (await open(token)).text()).toContain('The reset is cancelled')
  const acts = await tables.query(
    `select actor_id as actor, detail->>'by' as by from audit_entry
     where account_id = $1 and action = 'password_reset.cancelled'`,
    [session.accountId],
  )
  expect(acts).toEqual([{ actor: null, by: 'mail' }])
  const refused = await resetByMail(idem, inbox, address)
  expect(refused.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 24 * hour })
  idem.clock.advance(24 * hour)
  expect(dataOf(await resetByMail(idem, inbox, address)).resetPassword.status).toBe('WAITING')
})

test('a front end cancels with the token, too', async () => {
  const { session, token } = await somebodyWaiting()
  dataOf(await cancelReset(idem, token))
  expect(await shownReset(idem, session.accessToken)).toBeNull()
  dataOf(await cancelReset(idem, token))
})

test('a token that we did not issue is not known, and what was completed or has lapsed is told', async () => {
  const { address, token, id } = await somebodyWaiting()
  const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  for (const wrong of [forged, 'x', '', 'x'.repeat(300), id]) expect((await open(wrong)).status).toBe(404)
  expect((await press(forged)).status).toBe(404)
  expect((await press('')).status).toBe(400)
  expect(codeOf(await cancelReset(idem, forged))).toBe('NOT_FOUND')
  idem.clock.advance(72 * hour)
  expect(dataOf(await resetByMail(idem, inbox, address)).resetPassword.status).toBe('DONE')
  for (const answer of [await open(token), await press(token)]) {
    expect(answer.status).toBe(410)
    expect(await answer.text()).toContain('It is too late to cancel')
  }
  expect(codeOf(await cancelReset(idem, token))).toBe('CONFLICT')
  const lapsing = await somebodyWaiting()
  idem.clock.advance((72 + 7 * 24) * hour)
  expect(await (await press(lapsing.token)).text()).toContain('There is nothing to cancel')
})

test('the token is stored nowhere', async () => {
  const { token } = await somebodyWaiting()
  const names = await tables.query(`select tablename as name from pg_tables where schemaname = 'public'`)
  for (const { name } of names) {
    const [row] = await tables.query(
      `select count(*)::int as count from "${name}" t where position($1 in to_jsonb(t)::text) > 0`,
      [token],
    )
    expect([name, row.count]).toEqual([name, 0])
  }
})
