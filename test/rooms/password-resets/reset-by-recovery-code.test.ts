// A reset by a mailed code and a recovery code, which serves once; also for an account with TOTP, and with devices.
import { expect, test } from 'vitest'
import { enrol, tryCreateCodes } from '../../support/authenticator.js'
import { askMe, atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { otherCode } from '../../support/email-owner.js'
import { PasswordOwner, tryPassword } from '../../support/password-owner.js'
import {
  mailedCode,
  newPassword,
  type ResetInput,
  resetByMail,
  shownReset,
  tryReset,
} from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })
const inbox = unsentInbox(idem)

/** Somebody with a password and recovery codes. */
const somebody = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const session = await owner.signIn()
  const codes: string[] = dataOf(await tryCreateCodes(idem, session.accessToken)).createRecoveryCodes
  return { owner, session, codes, address: owner.email.address }
}

const withCode = async (address: string, recoveryCode: string): Promise<ResetInput & { code: string }> => {
  const { id, code } = await mailedCode(idem, inbox, address)
  return { challengeId: id, code, newPassword, recoveryCode }
}

const takes = async ({ handle }: PasswordOwner, password: string): Promise<boolean> =>
  codeOf(await tryPassword(idem, { login: handle, password })) === null

test('a recovery code, in any spelling, sets the new password and ends all sessions; it serves once', async () => {
  const { owner, session, codes, address } = await somebody()
  const [code = '', next = ''] = codes
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ')} `
  const answer = await tryReset(idem, await withCode(address, typed))
  expect(dataOf(answer).resetPassword).toMatchObject({ status: 'DONE', availableAt: null })
  expect((await askMe(idem, session.accessToken)).status).toBe(401)
  expect([await takes(owner, owner.password), await takes(owner, newPassword)]).toEqual([false, true])
  const acts = await tables.actsOn(session.accountId)
  expect(acts.slice(-2).sort()).toEqual(['password_reset.done', 'recovery_code.used'])
  expect(codeOf(await tryReset(idem, await withCode(address, code)))).toBe('PROOF_REJECTED')
  expect(codeOf(await tryReset(idem, await withCode(address, next)))).toBeNull()
})

test('a wrong code, one of somebody else and one without a mailed code reset nothing and stay', async () => {
  const [{ owner, codes, address }, stranger] = [await somebody(), await somebody()]
  const [code = ''] = codes
  const input = await withCode(address, code)
  const wrong = [
    { ...input, recoveryCode: stranger.codes[0] ?? '' },
    { ...input, recoveryCode: code.replace(/^./, (first) => (first === 'A' ? 'C' : 'A')) },
    { ...input, code: otherCode(input.code) },
  ]
  for (const each of wrong) expect(codeOf(await tryReset(idem, each))).toBe('PROOF_REJECTED')
  expect(await takes(owner, owner.password)).toBe(true)
  expect(codeOf(await tryReset(idem, input))).toBeNull()
})

test('what cannot be a recovery code costs no try of the mailed one', async () => {
  const { codes, address } = await somebody()
  const input = await withCode(address, codes[0] ?? '')
  for (const recoveryCode of ['', 'no code', '1234', 'x'.repeat(500), 'a', 'b'])
    expect((await tryReset(idem, { ...input, recoveryCode })).errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'recoveryCode',
    })
  expect(codeOf(await tryReset(idem, input))).toBeNull()
})

test('of many resets at once with one recovery code and several mailed ones, one sets the password', async () => {
  const { codes, address } = await somebody()
  const inputs: ResetInput[] = []
  for (const _mail of [1, 2, 3]) inputs.push(await withCode(address, codes[0] ?? ''))
  const answers = await atOnce(30, async (index) => await tryReset(idem, inputs[index % 3] as ResetInput))
  expect(tally(answers)['ok']).toBe(1)
  expect(Object.keys(tally(answers)).sort()).toEqual(['CHALLENGE_SPENT', 'PROOF_REJECTED', 'ok'].sort())
})

test('an account with TOTP, which has no wait, is reset by a recovery code, and still asks for TOTP', async () => {
  const { owner, session, codes, address } = await somebody()
  await enrol(idem, session)
  const refused = await resetByMail(idem, inbox, address)
  expect(codeOf(refused)).toBe('PROOF_REJECTED')
  expect(refused.errors[0]?.message).toContain('This account has TOTP')
  expect(codeOf(await tryReset(idem, await withCode(address, codes[0] ?? '')))).toBeNull()
  owner.password = newPassword
  expect((await owner.begin()).method).toBe('totp')
})

test('who has lost a registered device uses a recovery code, also while a reset waits', async () => {
  const { session, codes, address } = await somebody()
  dataOf(await new Device(idem).register(session.accessToken))
  const begun = dataOf(await resetByMail(idem, inbox, address)).resetPassword
  expect(await shownReset(idem, session.accessToken)).toEqual(begun)
  const answer = await tryReset(idem, await withCode(address, codes[0] ?? ''))
  expect(dataOf(answer).resetPassword).toEqual({ ...begun, status: 'DONE' })
})

test('an account without recovery codes is reset by none', async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const input = await withCode(owner.email.address, 'AAAA-AAAA-AAAA-AAAA')
  expect(codeOf(await tryReset(idem, input))).toBe('PROOF_REJECTED')
})
