// The story of second factors, over HTTP, by real mails: emailed code, authenticator app, recovery codes, step-up.
import { expect, test } from 'vitest'
import {
  enrol,
  secondFactorIn,
  sessionOf,
  tryCreateCodes,
  trySignInWith,
  tryStepUpWith,
} from '../support/authenticator.js'
import { askMe, codeOf, dataOf, sessionIdOf, setHandle, unlink } from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { codeIn, mailAbout } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { tryPassword, trySetPassword } from '../support/password-owner.js'

const { idem, tables, inbox } = await mailedServiceOfFile({
  IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
  IDEM_THROTTLE_MAILS_PER_SUBJECT: '100000',
})

const address = 'grace@example.org'
const login = 'grace.hopper'
const password = 'three brown foxes'
const grace = new EmailOwner(idem, inbox, address)

const codesSoFar = async (): Promise<string[]> =>
  (await inbox(address)).map(({ text }) => codeIn(text)).filter((code) => code !== '')

/** The code of the mail that `ask` causes, and what it answers. */
const mailed = async <T>(ask: () => Promise<T>): Promise<{ readonly answer: T; readonly code: string }> => {
  const before = (await codesSoFar()).length
  const answer = await ask()
  await expect
    .poll(async () => (await codesSoFar()).length, { timeout: 20_000, interval: 50 })
    .toBe(before + 1)
  return { answer, code: (await codesSoFar())[0] ?? '' }
}

const first = async () => dataOf(await tryPassword(idem, { login, password })).signIn.secondFactor

test('from an emailed second factor to an app, to recovery codes, and back to one factor', {
  timeout: 120_000,
}, async () => {
  // 1 Registered by mail: one factor. A password makes it two.
  const { accessToken: single } = await grace.signIn()
  dataOf(await setHandle(idem, single, login))
  dataOf(await trySetPassword(idem, single, password))

  // 2 Password, then the emailed code.
  const byMail = await mailed(first)
  expect(byMail.answer).toMatchObject({ method: 'email', methods: ['email'], purpose: 'SIGN_IN' })
  const mailedIn = await trySignInWith(idem, { email: { code: byMail.code } }, byMail.answer.id)
  const two = dataOf(mailedIn).signIn.tokens.accessToken
  expect(await sessionOf(idem, two)).toEqual({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })

  // 3 An app, which is asked from now on instead of a mail; and recovery codes.
  const { app, accessToken: raised } = await enrol(idem, { accessToken: two })
  expect((await mailAbout(inbox, address, /now asks for a second factor/)).text).toContain(
    'authenticator app',
  )
  const codes: string[] = dataOf(await tryCreateCodes(idem, raised)).createRecoveryCodes
  await mailAbout(inbox, address, /has new recovery codes/)
  const challenge = await first()
  expect(challenge).toMatchObject({ method: 'totp', methods: ['totp', 'recoveryCode'] })
  expect(codeOf(await trySignInWith(idem, app.proof(-1), challenge.id))).toBe('PROOF_REJECTED')
  const { signIn } = dataOf(await trySignInWith(idem, app.proof(), challenge.id))
  expect(signIn.tokens).not.toBe(null)

  // 4 The phone is elsewhere: a recovery code, once, and a mail that says how many are left.
  const [code = '', nextCode = ''] = codes
  dataOf(await trySignInWith(idem, { recoveryCode: { code } }, (await first()).id))
  expect(codeOf(await trySignInWith(idem, { recoveryCode: { code } }, (await first()).id))).toBe(
    'PROOF_REJECTED',
  )
  const { text: used } = await mailAbout(inbox, address, /recovery code .* was used/)
  expect(used).toMatch(/Codes left: +9\b/)
  expect(used).toContain('127.0.0.1')

  // 5 The session of one factor is not enough for what is protected; two proofs raise it.
  const guarded = await tryCreateCodes(idem, single)
  expect(guarded.errors[0]?.extensions).toMatchObject({
    code: 'STEP_UP_REQUIRED',
    acrValues: ['aal2'],
    maxAgeSeconds: 600,
  })
  idem.clock.advance(30)
  const asked = await mailed(async () => await grace.challenge({ purpose: 'STEP_UP', accessToken: single }))
  const half = await tryStepUpWith(idem, single, {
    proof: { email: { code: asked.code } },
    challengeId: asked.answer.id,
  })
  expect(codeOf(half)).toBe('STEP_UP_REQUIRED')
  const completing = secondFactorIn(half)
  expect(completing.method).toBe('totp')
  const whole = await tryStepUpWith(idem, single, { proof: app.proof(), challengeId: completing.id })
  const steppedUp: string = dataOf(whole).stepUp.accessToken
  expect(sessionIdOf(steppedUp)).toBe(sessionIdOf(single))
  expect(await sessionOf(idem, steppedUp)).toEqual({ acr: 'aal2', amr: ['otp', 'mfa'] })
  expect(dataOf(await tryCreateCodes(idem, steppedUp)).createRecoveryCodes).toHaveLength(10)

  // 6 The new set has replaced the former one; a later call asks for a fresh proof again, one code of the app is enough.
  expect(codeOf(await trySignInWith(idem, { recoveryCode: { code: nextCode } }, (await first()).id))).toBe(
    'PROOF_REJECTED',
  )
  idem.clock.advance(601)
  expect(codeOf(await tryCreateCodes(idem, steppedUp))).toBe('STEP_UP_REQUIRED')
  const fresh: string = dataOf(await tryStepUpWith(idem, steppedUp, { proof: app.proof() })).stepUp
    .accessToken

  // 7 Without the app the mail is the second factor again; without the password one proof suffices.
  dataOf(await idem.askAs(fresh, 'mutation { removeTotp { id } }'))
  await mailAbout(inbox, address, /A second factor was removed/)
  expect((await mailed(first)).answer).toMatchObject({ method: 'email', methods: ['email', 'recoveryCode'] })
  const { identities } = dataOf(await askMe(idem, fresh)).me
  const passwordId = identities.find(({ method }: { method: string }) => method === 'password').id
  dataOf(await unlink(idem, fresh, passwordId))
  const left = dataOf(await idem.askAs(fresh, '{ me { secondFactors { method } identities { method } } }'))
  expect(left.me).toEqual({ secondFactors: [], identities: [{ method: 'email' }] })
  const last = await mailed(async () => await grace.challenge())
  expect(dataOf(await grace.trySignIn(last.answer.id, last.code)).signIn.tokens).not.toBe(null)
  expect(idem.bugs).toEqual([])
  const secrets = [app.secret, ...codes.flatMap((each) => [each, each.replaceAll('-', '')])]
  const kept = JSON.stringify(await tables.query('select to_jsonb(a) as row from audit_entry a'))
  for (const secret of secrets) expect(kept + idem.logLines.join('\n')).not.toContain(secret)
})
