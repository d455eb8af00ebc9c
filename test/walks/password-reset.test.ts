// The story of a forgotten password, over HTTP, by real mails: reset by a device, a recovery code, a wait that is cancelled or over.
import { expect, test } from 'vitest'
import { enrol, tryCreateCodes } from '../support/authenticator.js'
import { askMe, codeOf, dataOf } from '../support/calls.js'
import { Device } from '../support/device.js'
import { EmailOwner } from '../support/email-owner.js'
import { expectSignedIn, type SignedIn } from '../support/key-owner.js'
import { mailAbout } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { PasswordOwner, tryPassword } from '../support/password-owner.js'
import {
  cancelReset,
  mailedCode,
  newPassword,
  resetByMail,
  shownReset,
  tryReset,
  withMailedCode,
} from '../support/reset.js'
import { withoutLimits } from '../support/without-limits.js'

const { idem, inbox } = await mailedServiceOfFile({
  ...withoutLimits,
  IDEM_SESSION_LIFETIME_SECONDS: '31536000',
})

const waitSeconds = 72 * 3_600

/** Signs in by password and mailed code. */
const signIn = async (owner: PasswordOwner): Promise<SignedIn> => {
  const begin = async () => await owner.begin()
  const { asked, code } = await withMailedCode(inbox, owner.email.address, begin)
  return expectSignedIn(await owner.email.trySignIn(asked.id, code))
}

/** Somebody with a password, a second address and a session. */
const somebody = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const session = await signIn(owner)
  const { address } = owner.email
  const second = new EmailOwner(idem, inbox, `second-${address}`)
  dataOf(await second.tryLink(session.accessToken))
  return { owner, session, address, second: second.address }
}

const takes = async ({ handle }: PasswordOwner, password: string): Promise<boolean> =>
  codeOf(await tryPassword(idem, { login: handle, password })) === null

const begun = 'Somebody resets the password'
const done = 'has a new password'
const cancelled = 'was cancelled'

test('a reset signed by a device: the code alone would not do, every address is told, and a new sign-in works', async () => {
  const { owner, session, address, second } = await somebody()
  const device = new Device(idem)
  dataOf(await device.register(session.accessToken, 'Kitchen laptop'))
  expect((await mailAbout(inbox, second, 'A device was added')).text).toContain(device.publicKey)
  const { id, message, code } = await mailedCode(idem, inbox, address)
  const mail = await mailAbout(inbox, address, 'Reset your password')
  expect(mail.text).toContain(code)
  const input = { challengeId: id, code, newPassword, deviceSignature: device.sign(message) }
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
  expect((await askMe(idem, session.accessToken)).status).toBe(401)
  for (const to of [address, second]) await mailAbout(inbox, to, done)
  owner.password = newPassword
  expect((await signIn(owner)).accountId).toBe(session.accountId)
})

test('a reset by a recovery code, which is told too, and which an account with TOTP has as well', async () => {
  const { owner, session, address, second } = await somebody()
  const { createRecoveryCodes: codes } = dataOf(await tryCreateCodes(idem, session.accessToken))
  await enrol(idem, session)
  expect(codeOf(await resetByMail(idem, inbox, address))).toBe('PROOF_REJECTED')
  const { id, code } = await mailedCode(idem, inbox, address)
  const input = { challengeId: id, code, newPassword, recoveryCode: codes[0] }
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
  // Fetch of Node calls itself `node`.
  for (const to of [address, second])
    expect((await mailAbout(inbox, to, done)).text).toMatch(/Device: +node$/m)
  expect([await takes(owner, owner.password), await takes(owner, newPassword)]).toEqual([false, true])
})

test('the wait of 72 hours is told to every address and completed by a code mailed after it', async () => {
  const { owner, session, address, second } = await somebody()
  const waiting = dataOf(await resetByMail(idem, inbox, address)).resetPassword
  expect(waiting.status).toBe('WAITING')
  expect(await shownReset(idem, session.accessToken)).toEqual(waiting)
  for (const to of [address, second])
    expect((await mailAbout(inbox, to, begun)).text).toContain('/cancel-reset?token=')
  expect(await takes(owner, newPassword)).toBe(false)
  idem.clock.advance(waitSeconds)
  expect(dataOf(await resetByMail(idem, inbox, address)).resetPassword.status).toBe('DONE')
  for (const to of [address, second]) await mailAbout(inbox, to, done)
  expect([await takes(owner, owner.password), await takes(owner, newPassword)]).toEqual([false, true])
})

test('a reset that somebody else began is cancelled by a session', async () => {
  const { owner, session, address, second } = await somebody()
  const { id } = dataOf(await resetByMail(idem, inbox, address)).resetPassword
  dataOf(await cancelReset(idem, id, session.accessToken))
  for (const to of [address, second]) await mailAbout(inbox, to, cancelled)
  idem.clock.advance(waitSeconds)
  expect(codeOf(await resetByMail(idem, inbox, address))).toBe('RATE_LIMITED')
  expect(await takes(owner, owner.password)).toBe(true)
})

test('and by the link of the mail to another address, whose button cancels and whose page does not', async () => {
  const { owner, address, second } = await somebody()
  dataOf(await resetByMail(idem, inbox, address))
  const { text } = await mailAbout(inbox, second, begun)
  const link = /https?:\/\/\S+\/cancel-reset\?token=[\w-]+/.exec(text)?.[0] ?? ''
  const page = await (await fetch(link)).text()
  expect(page).toContain(owner.handle)
  expect(page).toContain('Cancel the reset?')
  const token = new URL(link).searchParams.get('token') ?? ''
  const pressed = await fetch(new URL('/cancel-reset', link), {
    method: 'POST',
    body: new URLSearchParams({ token }),
  })
  expect(await pressed.text()).toContain('The reset is cancelled')
  for (const to of [address, second]) await mailAbout(inbox, to, cancelled)
  idem.clock.advance(waitSeconds)
  expect(dataOf(await resetByMail(idem, inbox, address)).resetPassword.status).toBe('WAITING')
  expect(await takes(owner, owner.password)).toBe(true)
})
