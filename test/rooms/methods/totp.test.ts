// TOTP: enrolled by a first code, asked at every door, each code once, and none after a newer one.
import { expect, test } from 'vitest'
import { totpStepOf } from '../../../src/methods/totp/totp-secret.js'
import {
  Authenticator,
  enrol,
  proveKey,
  sessionOf,
  tryConfirm,
  tryEnrol,
  trySignInWith,
  tryStepUpWith,
} from '../../support/authenticator.js'
import { atOnce, claimsOf, codeOf, dataOf, tally } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

const somebody = async (handle?: string) => {
  const key = new KeyOwner(idem)
  return { key, ...(await key.signIn(handle)) }
}

/** Somebody with a key and an app, and a session of both. */
const somebodyWithApp = async () => {
  const person = await somebody()
  return { ...person, ...(await enrol(idem, person)) }
}

const remove = async (accessToken: string) =>
  await idem.askAs(accessToken, 'mutation { removeTotp { id secondFactors { method } } }')

const factorsOf = async (accessToken: string) =>
  dataOf(await idem.askAs(accessToken, '{ me { secondFactors { method createdAt lastUsedAt codesLeft } } }'))
    .me.secondFactors

const levelOf = async (accountId: string): Promise<string> =>
  (await tables.query('select level from account where id = $1', [accountId]))[0].level

test.each([
  // RFC 6238 Appendix B, SHA-1, the last six of its eight digits.
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])(
  'the code of RFC 6238 at %d s is %s, one step before and after too, and at no other time',
  (seconds, code) => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const step = Math.floor(seconds / 30)
    const stepAt = (at: number) => totpStepOf(secret, code, new Date(at * 1000))
    for (const near of [seconds, step * 30 - 30, step * 30 + 59]) expect(stepAt(near)).toBe(step)
    for (const far of [step * 30 - 31, step * 30 + 60].filter((at) => at >= 0)) expect(stepAt(far)).toBe(null)
  },
)

test('an enrolment shows the secret, its URI and a QR code, and counts for nothing before its first code', async () => {
  const { accessToken, accountId, key } = await somebody('totp.person')
  const { enrolTotp } = dataOf(await tryEnrol(idem, accessToken))
  const { secret, uri, qrCode, expiresAt } = enrolTotp
  expect(secret).toMatch(/^[A-Z2-7]{32}$/)
  const issuer = new URL(idem.url).hostname
  expect(uri).toBe(`otpauth://totp/${issuer}:totp.person?secret=${secret}&issuer=${issuer}`)
  expect(qrCode).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="[\d ]+">.*<\/svg>$/s)
  expect(new Date(expiresAt).getTime() - idem.clock.now().getTime()).toBe(600_000)
  expect([await factorsOf(accessToken), await levelOf(accountId)]).toEqual([[], 'aal1'])
  expect(dataOf(await key.trySignIn()).signIn.tokens).not.toBe(null)
  const app = new Authenticator(idem, secret)
  expect(codeOf(await tryStepUpWith(idem, accessToken, { proof: app.proof() }))).toBe('PROOF_REJECTED')
})

test('the first code raises the account, and the session that gave it', async () => {
  const person = await somebody()
  const { app, accessToken } = await enrol(idem, person)
  expect(await levelOf(person.accountId)).toBe('aal2')
  expect(await sessionOf(idem, accessToken)).toEqual({ acr: 'aal2', amr: ['pop', 'otp', 'mfa'] })
  expect(await factorsOf(accessToken)).toEqual([
    { method: 'totp', createdAt: expect.any(String), lastUsedAt: expect.any(String), codesLeft: null },
  ])
  // The older token is still of one factor, and so is any other session.
  expect(codeOf(await remove(person.accessToken))).toBe('STEP_UP_REQUIRED')
  const challenge = await proveKey(idem, person.key)
  expect(challenge).toMatchObject({ method: 'totp', methods: ['totp'], purpose: 'SIGN_IN', message: null })
  const { signIn } = dataOf(await trySignInWith(idem, app.proof(), challenge.id))
  expect(signIn).toMatchObject({ provisioned: false, account: { id: person.accountId }, secondFactor: null })
  expect(claimsOf(signIn.tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['pop', 'otp', 'mfa'] })
})

test('TOTP comes before a mail, after an emailed code too', async () => {
  const person = await somebody()
  const email = new EmailOwner(idem, unsentInbox(idem), 'totp-and-mail@example.com')
  dataOf(await email.tryLink(person.accessToken))
  const { app } = await enrol(idem, person)
  expect((await proveKey(idem, person.key)).methods).toEqual(['totp'])
  const { id } = await email.challenge()
  const first = dataOf(await trySignInWith(idem, { email: { code: await email.code(2) } }, id)).signIn
  expect(first).toMatchObject({ tokens: null, secondFactor: { method: 'totp' } })
  const second = dataOf(await trySignInWith(idem, app.proof(), first.secondFactor.id)).signIn
  expect(second.account.id).toBe(person.accountId)
})

test('an enrolment ends when another begins, and after ten minutes; a wrong code confirms none', async () => {
  const { key, accessToken } = await somebody()
  expect(codeOf(await tryConfirm(idem, accessToken, '123456'))).toBe('NOT_FOUND')
  const former = new Authenticator(idem, dataOf(await tryEnrol(idem, accessToken)).enrolTotp.secret)
  const latter = new Authenticator(idem, dataOf(await tryEnrol(idem, accessToken)).enrolTotp.secret)
  expect(codeOf(await tryConfirm(idem, accessToken, former.code()))).toBe('PROOF_REJECTED')
  expect(codeOf(await tryConfirm(idem, accessToken, latter.wrongCode()))).toBe('PROOF_REJECTED')
  const malformed = await tryConfirm(idem, accessToken, '12345')
  expect(malformed.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'code' })
  idem.clock.advance(300)
  const recent = dataOf(await key.stepUp(accessToken)).stepUp.accessToken
  idem.clock.advance(300)
  expect(codeOf(await tryConfirm(idem, recent, latter.code()))).toBe('CHALLENGE_EXPIRED')
})

test('200 confirmations at once confirm once; a confirmed app is neither confirmed nor enrolled again', async () => {
  const { accessToken } = await somebody()
  const app = new Authenticator(idem, dataOf(await tryEnrol(idem, accessToken)).enrolTotp.secret)
  const answers = tally(await atOnce(200, async () => await tryConfirm(idem, accessToken, app.code())))
  const { ok, ...refused } = answers
  expect(ok).toBe(1)
  for (const code of Object.keys(refused))
    expect(['CONFLICT', 'RATE_LIMITED', 'STEP_UP_REQUIRED']).toContain(code)
  idem.clock.advance(30)
  const raised = dataOf(await tryStepUpWith(idem, accessToken, { proof: app.proof() })).stepUp.accessToken
  expect(codeOf(await tryConfirm(idem, raised, app.code()))).toBe('CONFLICT')
  expect(codeOf(await tryEnrol(idem, raised))).toBe('CONFLICT')
})

test('enrolling asks for a recent proof, and is not for guests', async () => {
  const person = await somebody()
  const guest = await signInAsGuest(idem)
  expect(codeOf(await tryEnrol(idem, guest.accessToken))).toBe('CONFLICT')
  idem.clock.advance(601)
  expect(codeOf(await tryEnrol(idem, person.accessToken))).toBe('STEP_UP_REQUIRED')
})

test('a code serves once, none serves after a newer one, and codes of both neighbouring steps are taken', async () => {
  const { key, app } = await somebodyWithApp()
  const answer = async (steps: number) =>
    await trySignInWith(idem, app.proof(steps), (await proveKey(idem, key)).id)
  // That of the confirmation was of the step before.
  const confirmed = await answer(-1)
  expect(codeOf(confirmed)).toBe('PROOF_REJECTED')
  expect(confirmed.errors[0]?.message).toContain('used already')
  expect(codeOf(await answer(1))).toBe(null)
  for (const steps of [1, 0, -1]) expect(codeOf(await answer(steps))).toBe('PROOF_REJECTED')
  idem.clock.advance(60)
  expect(codeOf(await answer(-1))).toBe('PROOF_REJECTED')
  expect(codeOf(await answer(0))).toBe(null)
})

test('200 right codes at once open one session, of one challenge or of forty', async () => {
  const { key, app, accountId } = await somebodyWithApp()
  const sessions = async () =>
    (await tables.query('select count(*)::int as n from session where account_id = $1', [accountId]))[0].n
  const { id } = await proveKey(idem, key)
  const one = tally(await atOnce(200, async () => await trySignInWith(idem, app.proof(), id)))
  expect(one['ok']).toBe(1)
  expect(await sessions()).toBe(2)
  idem.clock.advance(30)
  const ids = await Promise.all(Array.from({ length: 40 }, async () => (await proveKey(idem, key)).id))
  const many = tally(
    await atOnce(200, async (index) => await trySignInWith(idem, app.proof(), ids[index % 40] ?? '')),
  )
  expect(many['ok']).toBe(1)
  expect(await sessions()).toBe(3)
  for (const code of Object.keys({ ...one, ...many }))
    expect(['ok', 'PROOF_REJECTED', 'CHALLENGE_SPENT', 'RATE_LIMITED']).toContain(code)
})

test("another account's code, or another's challenge, opens nothing", async () => {
  const [one, other] = [await somebodyWithApp(), await somebodyWithApp()]
  const { id } = await proveKey(idem, one.key)
  expect(codeOf(await trySignInWith(idem, other.app.proof(), id))).toBe('PROOF_REJECTED')
  const stepUp = await tryStepUpWith(idem, other.accessToken, { proof: other.app.proof(), challengeId: id })
  expect(codeOf(stepUp)).toBe('PROOF_REJECTED')
  const alone = await trySignInWith(idem, one.app.proof())
  expect(alone.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'challengeId' })
  expect(codeOf(await tryStepUpWith(idem, other.accessToken, { proof: one.app.proof() }))).toBe(
    'PROOF_REJECTED',
  )
  expect(dataOf(await trySignInWith(idem, one.app.proof(), id)).signIn.account.id).toBe(one.accountId)
})

test('wrong codes are limited over all challenges and sessions, and a right one resets that', async () => {
  const { key, app, accessToken } = await somebodyWithApp()
  const wrong = { totp: { code: app.wrongCode() } }
  for (let round = 0; round < 5; round += 1) {
    const { id } = await proveKey(idem, key)
    for (let time = 0; time < 5; time += 1)
      expect(codeOf(await trySignInWith(idem, wrong, id))).toBe('PROOF_REJECTED')
  }
  for (let time = 0; time < 5; time += 1)
    expect(codeOf(await tryStepUpWith(idem, accessToken, { proof: wrong }))).toBe('PROOF_REJECTED')
  const limited = await trySignInWith(idem, app.proof(), (await proveKey(idem, key)).id)
  expect(limited.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 2_880 })
  idem.clock.advance(2_880)
  expect(codeOf(await trySignInWith(idem, app.proof(), (await proveKey(idem, key)).id))).toBe(null)
  const { id } = await proveKey(idem, key)
  expect(codeOf(await trySignInWith(idem, { totp: { code: app.wrongCode() } }, id))).toBe('PROOF_REJECTED')
})

test('a malformed code costs no try', async () => {
  const { key, app } = await somebodyWithApp()
  const { id } = await proveKey(idem, key)
  for (const code of ['', '12345', '1234567', 'abcdef', '12 34 5x'])
    expect(codeOf(await trySignInWith(idem, { totp: { code } }, id))).toBe('BAD_USER_INPUT')
  const spaced = ` ${app.code().replace(/(...)/, '$1-')} `
  expect(codeOf(await trySignInWith(idem, { totp: { code: spaced } }, id))).toBe(null)
})

test('removing it asks for two factors, recently shown, and one proof suffices then', async () => {
  const { key, app, accessToken, accountId } = await somebodyWithApp()
  idem.clock.advance(601)
  expect(codeOf(await remove(accessToken))).toBe('STEP_UP_REQUIRED')
  const raised = dataOf(await tryStepUpWith(idem, accessToken, { proof: app.proof() })).stepUp.accessToken
  const answers = tally(await atOnce(20, async () => await remove(raised)))
  expect(answers).toEqual({ ok: 1, NOT_FOUND: 19 })
  expect(await levelOf(accountId)).toBe('aal1')
  expect(dataOf(await key.trySignIn()).signIn.tokens).not.toBe(null)
  expect(codeOf(await tryStepUpWith(idem, raised, { proof: app.proof(1) }))).toBe('PROOF_REJECTED')
})

test('neither the secret nor a code is stored or logged', async () => {
  const { app, key } = await somebodyWithApp()
  const code = app.code()
  dataOf(await trySignInWith(idem, { totp: { code } }, (await proveKey(idem, key)).id))
  const rows = await tables.query('select to_jsonb(f) as row from second_factor f')
  const seen = JSON.stringify(rows) + idem.logLines.join('\n')
  expect(seen).not.toContain(app.secret)
  expect(idem.logLines.join('\n')).not.toContain(code)
})

test('adding and removing it is told by mail, whose words say what to do', async () => {
  const person = await somebody()
  const email = new EmailOwner(idem, unsentInbox(idem), 'told@example.com')
  dataOf(await email.tryLink(person.accessToken))
  const { accessToken } = await enrol(idem, person)
  dataOf(await remove(accessToken))
  expect(await tables.actsOn(person.accountId)).toEqual(
    expect.arrayContaining(['second_factor.begun', 'second_factor.added', 'second_factor.removed']),
  )
  const jobs = await tables.query(
    `select a.action from outbox_entry o join audit_entry a on a.id::text = o.payload->>'auditEntryId'
     where a.account_id = $1 and o.job = 'send-notices' and a.action like 'second_factor.%' order by a.action`,
    [person.accountId],
  )
  expect(jobs.map(({ action }) => action)).toEqual(['second_factor.added', 'second_factor.removed'])
})
