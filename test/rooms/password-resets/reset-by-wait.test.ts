// A reset by mailed codes alone: it waits for 72 hours, is told and shown, can be cancelled, and is not begun again at once.
import { expect, test } from 'vitest'
import { enrol } from '../../support/authenticator.js'
import { askMe, atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { otherCode } from '../../support/email-owner.js'
import { KeyOwner } from '../../support/key-owner.js'
import { PasswordOwner, tryPassword, trySetPassword } from '../../support/password-owner.js'
import {
  askReset,
  cancelReset,
  mailedCode,
  newPassword,
  resetByMail,
  shownReset,
  tryReset,
} from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({
  environment: { ...withoutLimits, IDEM_SESSION_LIFETIME_SECONDS: '31536000' },
})
const inbox = unsentInbox(idem)
const [hour, day] = [3_600, 24 * 3_600]

const somebody = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  // The mails of resets come in between, so the owner counts no mails: this is its last session by password.
  const session = await owner.signIn()
  return { owner, session, address: owner.email.address }
}

const reset = async (address: string) => dataOf(await resetByMail(idem, inbox, address)).resetPassword

/** A session whose access token has not expired; stale ones are refreshed by hand in the table. */
const fresh = async (owner: PasswordOwner): Promise<string> => {
  const first = await owner.key.challenge()
  const query = `mutation ($input: SignInInput!) { signIn(input: $input) { secondFactor { id } } }`
  const { signIn } = dataOf(await idem.ask(query, { input: owner.key.answer(first) }))
  const [mail] = await inbox(owner.email.address)
  const code = /^ +(\w{8})$/m.exec(mail?.text ?? '')?.[1] ?? ''
  const answer = dataOf(await owner.email.trySignIn(signIn.secondFactor.id, code))
  return answer.signIn.tokens.accessToken
}

const takes = async ({ handle }: PasswordOwner, password: string): Promise<boolean> =>
  codeOf(await tryPassword(idem, { login: handle, password })) === null

/** How often the owner is told of an act. */
const told = async (accountId: string, action: string): Promise<number> => {
  const [row] = await tables.query(
    `select count(*)::int as count from audit_entry a where account_id = $1 and action = $2 and exists (
       select 1 from outbox_entry o where o.job = 'send-notices' and o.payload->>'auditEntryId' = a.id::text)`,
    [accountId, action],
  )
  return row.count
}

test('a code alone begins a wait that changes nothing, is told and shown; another code after it completes it', async () => {
  const { owner, session, address } = await somebody()
  const availableAt = new Date(idem.clock.now().getTime() + 72 * hour * 1_000).toISOString()
  const begun = await reset(address)
  expect(begun).toEqual({ id: expect.any(String), status: 'WAITING', availableAt })
  expect(await takes(owner, owner.password)).toBe(true)
  expect(await shownReset(idem, session.accessToken)).toEqual(begun)
  expect(await told(session.accountId, 'password_reset.begun')).toBe(1)
  // Before the time nothing happens, and nobody is told again.
  idem.clock.advance(72 * hour - 1)
  expect(await reset(address)).toEqual(begun)
  expect(await told(session.accountId, 'password_reset.begun')).toBe(1)
  expect(await takes(owner, owner.password)).toBe(true)
  idem.clock.advance(1)
  const accessToken = await fresh(owner)
  expect(await reset(address)).toEqual({ ...begun, status: 'DONE' })
  expect((await askMe(idem, accessToken)).status).toBe(401)
  expect([await takes(owner, owner.password), await takes(owner, newPassword)]).toEqual([false, true])
  expect(await told(session.accountId, 'password_reset.done')).toBe(1)
  // It is done: the next code begins another one.
  const next = await reset(address)
  expect(next.status).toBe('WAITING')
  expect(next.id).not.toBe(begun.id)
})

test('of 50 begun at once, by one code and by several, one waits', async () => {
  const { session, address } = await somebody()
  const mailed = await mailedCode(idem, inbox, address)
  const one = { challengeId: mailed.id, code: mailed.code, newPassword }
  const answers = await atOnce(50, async () => await tryReset(idem, one))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 49 })
  const [first, second] = [await mailedCode(idem, inbox, address), await mailedCode(idem, inbox, address)]
  const both = await Promise.all(
    [first, second].map(async ({ id, code }) => await tryReset(idem, { challengeId: id, code, newPassword })),
  )
  expect(tally(both)).toEqual({ ok: 2 })
  expect(new Set(both.map(({ data }) => data.resetPassword.id))).toHaveLength(1)
  expect(await told(session.accountId, 'password_reset.begun')).toBe(1)
})

test('a wait that nobody completes within seven days lapses; the next one waits anew', async () => {
  const { owner, address } = await somebody()
  const begun = await reset(address)
  idem.clock.advance(72 * hour + 7 * day)
  const accessToken = await fresh(owner)
  expect(await shownReset(idem, accessToken)).toBeNull()
  expect(codeOf(await cancelReset(idem, begun.id, accessToken))).toBe('CONFLICT')
  const next = await reset(address)
  expect(next.status).toBe('WAITING')
  expect(next.id).not.toBe(begun.id)
  expect(await takes(owner, owner.password)).toBe(true)
})

test('any session of the account cancels it, nobody else does, and no other begins for a week', async () => {
  const [{ owner, session, address }, stranger] = [await somebody(), await somebody()]
  const { id } = await reset(address)
  expect(codeOf(await cancelReset(idem, id, stranger.session.accessToken))).toBe('NOT_FOUND')
  expect(codeOf(await cancelReset(idem, id))).toBe('NOT_FOUND')
  expect(codeOf(await cancelReset(idem, 'no id', session.accessToken))).toBe('BAD_USER_INPUT')
  const answers = await atOnce(5, async () => await cancelReset(idem, id, session.accessToken))
  expect(tally(answers)).toEqual({ ok: 5 })
  expect(await told(session.accountId, 'password_reset.cancelled')).toBe(1)
  expect(await shownReset(idem, session.accessToken)).toBeNull()
  const refused = await resetByMail(idem, inbox, address)
  expect(refused.errors[0]?.extensions).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterSeconds: 7 * day,
  })
  idem.clock.advance(72 * hour)
  expect(codeOf(await resetByMail(idem, inbox, address))).toBe('RATE_LIMITED')
  expect(await takes(owner, owner.password)).toBe(true)
  idem.clock.advance(4 * day - 1)
  expect(codeOf(await resetByMail(idem, inbox, address))).toBe('RATE_LIMITED')
  idem.clock.advance(1)
  expect((await reset(address)).status).toBe('WAITING')
})

test('a refusal after a cancelled reset costs no code: a device still completes it', async () => {
  const { session, address } = await somebody()
  const device = new Device(idem)
  dataOf(await device.register(session.accessToken))
  const { id } = await reset(address)
  dataOf(await cancelReset(idem, id, session.accessToken))
  const { id: challengeId, code, message } = await mailedCode(idem, inbox, address)
  const input = { challengeId, code, newPassword }
  expect(codeOf(await tryReset(idem, input))).toBe('RATE_LIMITED')
  const signed = { ...input, deviceSignature: device.sign(message) }
  expect(dataOf(await tryReset(idem, signed)).resetPassword.status).toBe('DONE')
})

test('a device completes a reset that waits, which then cannot be completed again', async () => {
  const { session, address } = await somebody()
  const device = new Device(idem)
  dataOf(await device.register(session.accessToken))
  const begun = await reset(address)
  const { id, code, message } = await mailedCode(idem, inbox, address)
  const deviceSignature = device.sign(message)
  const done = dataOf(await tryReset(idem, { challengeId: id, code, newPassword, deviceSignature }))
  expect(done.resetPassword).toEqual({ ...begun, status: 'DONE' })
  idem.clock.advance(72 * hour)
  expect((await reset(address)).status).toBe('WAITING')
})

test('a session or a code that is completed and cancelled at once: one of them wins', async () => {
  const { owner, address } = await somebody()
  const { id } = await reset(address)
  idem.clock.advance(72 * hour)
  const accessToken = await fresh(owner)
  const { id: challengeId, code } = await mailedCode(idem, inbox, address)
  const [completed, cancelled] = await Promise.all([
    tryReset(idem, { challengeId, code, newPassword }),
    cancelReset(idem, id, accessToken),
  ])
  const isDone = completed.errors.length === 0
  expect([completed, cancelled].filter(({ errors }) => errors.length === 0)).toHaveLength(1)
  expect(await takes(owner, newPassword)).toBe(isDone)
})

test('the wait is not offered to an account with TOTP, also if it is added during the wait', async () => {
  const { session, address } = await somebody()
  const begun = await reset(address)
  await enrol(idem, session)
  idem.clock.advance(72 * hour)
  const refused = await resetByMail(idem, inbox, address)
  expect(codeOf(refused)).toBe('PROOF_REJECTED')
  expect(refused.errors[0]?.message).toContain('TOTP')
  await tables.query(`update password_reset set status = 'LAPSED' where id = $1`, [begun.id])
  const again = await resetByMail(idem, inbox, address)
  expect(codeOf(again)).toBe('PROOF_REJECTED')
  expect(again.errors[0]?.message).toContain('TOTP')
})

test('a password that the owner sets meanwhile ends the wait', async () => {
  const { session, address } = await somebody()
  const begun = await reset(address)
  dataOf(await trySetPassword(idem, session.accessToken, 'two calm blue whales'))
  expect(await shownReset(idem, session.accessToken)).toBeNull()
  idem.clock.advance(72 * hour)
  const next = await reset(address)
  expect(next.status).toBe('WAITING')
  expect(next.id).not.toBe(begun.id)
})

test('an account that is suspended while it waits is reset by nobody', async () => {
  const { owner, session, address } = await somebody()
  await reset(address)
  idem.clock.advance(72 * hour)
  const { id, code } = await mailedCode(idem, inbox, address)
  const suspend = async (at: Date | null) =>
    await tables.query('update account set suspended_at = $2 where id = $1', [session.accountId, at])
  await suspend(idem.clock.now())
  const before = await tables.query('select * from password_reset where account_id = $1', [session.accountId])
  expect(codeOf(await tryReset(idem, { challengeId: id, code, newPassword }))).toBe('FORBIDDEN')
  expect(
    await tables.query('select * from password_reset where account_id = $1', [session.accountId]),
  ).toEqual(before)
  await suspend(null)
  expect(await takes(owner, owner.password)).toBe(true)
})

test('a wrong code begins nothing', async () => {
  const { session, address } = await somebody()
  const { id, code } = await mailedCode(idem, inbox, address)
  const before = await tables.query('select count(*) from password_reset')
  expect(codeOf(await tryReset(idem, { challengeId: id, code: otherCode(code), newPassword }))).toBe(
    'PROOF_REJECTED',
  )
  expect(await tables.query('select count(*) from password_reset')).toEqual(before)
  expect(await shownReset(idem, session.accessToken)).toBeNull()
  expect((await askReset(idem, address)).id).not.toBe(id)
})

test('only the account shows its reset, and a guest has none', async () => {
  const { address } = await somebody()
  await reset(address)
  const { accessToken } = await new KeyOwner(idem).signIn()
  expect(await shownReset(idem, accessToken)).toBeNull()
})
