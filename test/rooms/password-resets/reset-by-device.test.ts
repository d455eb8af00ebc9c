// A reset by a mailed code and the signature of a registered device: once, by the owner alone, and it opens nothing.
import { expect, test } from 'vitest'
import { askMe, atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { Device, devicesOf, removeDevice } from '../../support/device.js'
import { EmailOwner, otherCode, pressButton } from '../../support/email-owner.js'
import { KeyOwner } from '../../support/key-owner.js'
import { PasswordOwner, tryPassword } from '../../support/password-owner.js'
import { askReset, mailedCode, newPassword, type ResetInput, tryReset } from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })
const inbox = unsentInbox(idem)

/** Somebody with a password and a device. */
const somebody = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const session = await owner.signIn()
  const device = new Device(idem)
  dataOf(await device.register(session.accessToken))
  return { owner, device, session, address: owner.email.address }
}

/** A mailed code and the signature of a device over its challenge. */
const signed = async (address: string, device: Device): Promise<ResetInput & { code: string }> => {
  const { id, message, code } = await mailedCode(idem, inbox, address)
  return { challengeId: id, code, newPassword, deviceSignature: device.sign(message) }
}

const takes = async ({ handle }: PasswordOwner, password: string): Promise<boolean> =>
  codeOf(await tryPassword(idem, { login: handle, password })) === null

test('the code and the signature of a device set the new password, end all sessions and open none', async () => {
  const { owner, device, session, address } = await somebody()
  const { message, ...challenge } = await askReset(idem, address)
  expect(challenge).toMatchObject({ method: 'email', purpose: 'RESET_PASSWORD', status: 'PENDING' })
  expect(message).toContain('Purpose: RESET_PASSWORD')
  expect(message).toContain(`Sets a new password for the account with the address ${address}.`)
  const input = await signed(address, device)
  const answer = dataOf(await tryReset(idem, input)).resetPassword
  expect(answer).toEqual({ id: expect.any(String), status: 'DONE', availableAt: null })
  expect([await takes(owner, owner.password), await takes(owner, newPassword)]).toEqual([false, true])
  for (const { accessToken } of [session, owner.session])
    expect((await askMe(idem, accessToken)).status).toBe(401)
  const acts = await tables.query(
    `select detail, actor_id as actor from audit_entry a where account_id = $1 and action = 'password_reset.done'
       and exists (select 1 from outbox_entry o where o.payload->>'auditEntryId' = a.id::text)`,
    [session.accountId],
  )
  expect(acts).toEqual([
    {
      actor: null,
      detail: expect.objectContaining({ resetId: answer.id, by: 'device', deviceId: expect.any(String) }),
    },
  ])
  expect(codeOf(await tryReset(idem, input))).toBe('CHALLENGE_SPENT')
  // The password still needs its second factor.
  owner.password = newPassword
  const again = await owner.begin()
  expect(again.method).toBe('email')
})

test('the link of the mail does what its code does', async () => {
  const { device, address } = await somebody()
  const { id, message, matchCode } = await mailedCode(idem, inbox, address)
  const input = { challengeId: id, newPassword, deviceSignature: device.sign(message) }
  expect(codeOf(await tryReset(idem, input))).toBe('PROOF_REJECTED')
  const [mail] = await inbox(address)
  const link = /https?:\/\/\S+\/confirm\?token=[\w-]+/.exec(mail?.text ?? '')?.[0] ?? ''
  expect(await (await fetch(link)).text()).toContain('Reset your password?')
  expect((await pressButton(link, matchCode)).status).toBe(200)
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
})

test('no signature but that of a device of the account over this text counts', async () => {
  const [{ owner, device, address, session }, stranger] = [await somebody(), await somebody()]
  const input = await signed(address, device)
  const other = await askReset(idem, address)
  const signIn = await device.challenge()
  const registration = await device.challenge({
    purpose: 'REGISTER_DEVICE',
    accessToken: session.accessToken,
  })
  const before = await tables.contents()
  const wrong = [
    stranger.device.sign((await mailedCodeMessage(input.challengeId)) ?? ''),
    device.sign(other.message),
    device.sign(signIn.message),
    device.sign(registration.message),
  ]
  const answers = []
  // Each counts as a try of the code, of which there are five.
  for (const deviceSignature of wrong) answers.push(await tryReset(idem, { ...input, deviceSignature }))
  expect(answers.map(codeOf)).toEqual(answers.map(() => 'PROOF_REJECTED'))
  const { held_challenge: _tries, ...untouched } = before
  expect(await tables.contents()).toMatchObject(untouched)
  expect(await takes(owner, owner.password)).toBe(true)
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
})

/** The text of a challenge, which its asker has. */
const mailedCodeMessage = async (id: string): Promise<string | null> =>
  dataOf(await idem.ask('query ($id: ID!) { challenge(id: $id) { message } }', { id })).challenge.message

test('a removed device confirms nothing', async () => {
  const { device, address, session } = await somebody()
  const [{ id } = { id: '' }] = await devicesOf(idem, session.accessToken)
  const input = await signed(address, device)
  dataOf(await removeDevice(idem, session.accessToken, id))
  expect(codeOf(await tryReset(idem, input))).toBe('PROOF_REJECTED')
})

test('a password that is too weak costs no try; one made of the handle is refused once the code was right', async () => {
  const { owner, device, address } = await somebody()
  const input = await signed(address, device)
  for (const weak of ['short', 'password1', 'x'.repeat(257), '        ', '12345678', 'idem idem'])
    expect([weak, codeOf(await tryReset(idem, { ...input, newPassword: weak }))]).toEqual([
      weak,
      'BAD_USER_INPUT',
    ])
  const ofHandle = `${owner.handle}!1`
  const wrongCode = await tryReset(idem, { ...input, code: otherCode(input.code), newPassword: ofHandle })
  expect(codeOf(wrongCode)).toBe('PROOF_REJECTED')
  const refused = await tryReset(idem, { ...input, newPassword: ofHandle })
  expect(refused.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'newPassword' })
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
})

test('what cannot be a signature costs no try of the code', async () => {
  const { device, address } = await somebody()
  const input = await signed(address, device)
  for (const deviceSignature of ['', 'no signature', 'AAAA', 'x'.repeat(600), input.newPassword, '0x00'])
    expect(codeOf(await tryReset(idem, { ...input, deviceSignature }))).toBe('PROOF_REJECTED')
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
})

test('five wrong codes burn the challenge; what cannot be a code costs nothing', async () => {
  const { device, address } = await somebody()
  const input = await signed(address, device)
  expect(codeOf(await tryReset(idem, { ...input, code: 'no code' }))).toBe('BAD_USER_INPUT')
  const code = otherCode(input.code)
  const answers = await atOnce(20, async () => await tryReset(idem, { ...input, code }))
  expect(tally(answers)).toEqual({ PROOF_REJECTED: 5, CHALLENGE_SPENT: 15 })
  expect(codeOf(await tryReset(idem, input))).toBe('CHALLENGE_SPENT')
})

test('of 200 resets at once with one code, one sets the password', async () => {
  const { owner, device, address } = await somebody()
  const input = await signed(address, device)
  const passwords = Array.from({ length: 200 }, (_, index) => `${newPassword} number ${index}`)
  const answers = await Promise.all(
    passwords.map(async (password) => await tryReset(idem, { ...input, newPassword: password })),
  )
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  const winner = passwords[answers.findIndex((answer) => answer.errors.length === 0)] ?? ''
  expect(await takes(owner, winner)).toBe(true)
})

test('a code of another purpose, an old one and both proofs at once are refused', async () => {
  const { owner, device, address } = await somebody()
  const signIn = await owner.email.challenge()
  const [mail] = await inbox(address)
  const code = /^ +(\w{8})$/m.exec(mail?.text ?? '')?.[1] ?? ''
  expect(codeOf(await tryReset(idem, { challengeId: signIn.id, code, newPassword }))).toBe('PROOF_REJECTED')
  const input = await signed(address, device)
  expect(codeOf(await owner.email.trySignIn(input.challengeId, input.code))).toBe('PROOF_REJECTED')
  expect(codeOf(await tryReset(idem, { ...input, recoveryCode: 'aaaa-bbbb' }))).toBe('BAD_USER_INPUT')
  idem.clock.advance(15 * 60)
  expect(codeOf(await tryReset(idem, input))).toBe('CHALLENGE_EXPIRED')
})

test('whoever asks is answered alike; who has the mailbox learns that there is nothing to reset', async () => {
  const { owner, address, session } = await somebody()
  const without = new EmailOwner(idem, inbox, 'without-password@example.org')
  await without.challenge()
  await without.trySignIn((await without.challenge()).id, await without.code(2))
  const unknown = 'nobody-at-all@example.org'
  const shapes = []
  for (const asked of [address, without.address, unknown]) {
    const { id, message, ...rest } = await askReset(idem, asked)
    shapes.push({
      ...rest,
      matchCode: '',
      message: message
        .replace(asked, '')
        .replace(/Nonce: \S+/, '')
        .replaceAll(asked, ''),
    })
    expect(id).toHaveLength(43)
  }
  expect(new Set(shapes.map((shape) => JSON.stringify(shape)))).toHaveLength(1)
  const before = await tables.query('select count(*) from password_reset')
  for (const asked of [without.address, unknown]) {
    const { id, code } = await mailedCode(idem, inbox, asked)
    const wrong = { challengeId: id, code: otherCode(code), newPassword }
    expect(codeOf(await tryReset(idem, wrong))).toBe('PROOF_REJECTED')
    expect(codeOf(await tryReset(idem, { ...wrong, code }))).toBe('NOT_FOUND')
  }
  await tables.query('update account set suspended_at = now() where id = $1', [session.accountId])
  const { id, code } = await mailedCode(idem, inbox, address)
  expect(codeOf(await tryReset(idem, { challengeId: id, code, newPassword }))).toBe('FORBIDDEN')
  expect(await tables.query('select count(*) from password_reset')).toEqual(before)
  await tables.query('update account set suspended_at = null where id = $1', [session.accountId])
  expect(await takes(owner, owner.password)).toBe(true)
})

test('a key that is no device of the account, such as one that signs in, confirms nothing', async () => {
  const { owner, address } = await somebody()
  const { id, message, code } = await mailedCode(idem, inbox, address)
  for (const key of [owner.key, new KeyOwner(idem)]) {
    const input = { challengeId: id, code, newPassword, deviceSignature: key.sign(message) }
    expect(codeOf(await tryReset(idem, input))).toBe('PROOF_REJECTED')
  }
})
