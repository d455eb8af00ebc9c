// What was half done with a former password opens nothing after a reset: not its second factor, nor a code of the page.
import { expect, test } from 'vitest'
import { codeOf, dataOf } from '../../support/calls.js'
import { Device } from '../../support/device.js'
import { PasswordOwner, tryPassword } from '../../support/password-owner.js'
import { mailedCode, newPassword, tryReset, withMailedCode } from '../../support/reset.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type ReadPage, SignInVisitor } from '../../support/sign-in-visitor.js'
import { unsentInbox } from '../../support/unsent-inbox.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem } = await serviceOfFile({ environment: withoutLimits })
const inbox = unsentInbox(idem)

const somebody = async () => {
  const owner = await PasswordOwner.create(idem, inbox)
  const device = new Device(idem)
  dataOf(await device.register((await owner.signIn()).accessToken))
  return { owner, device, address: owner.email.address }
}

const reset = async (address: string, device: Device): Promise<void> => {
  const { id, code, message } = await mailedCode(idem, inbox, address)
  const input = { challengeId: id, code, newPassword, deviceSignature: device.sign(message) }
  expect(dataOf(await tryReset(idem, input)).resetPassword.status).toBe('DONE')
}

/** Both proofs at the sign-in page: the redirect with a code. */
const signInAtPage = async (
  visitor: SignInVisitor,
  { handle, password, email }: PasswordOwner,
): Promise<ReadPage> => {
  const begun = await visitor.open()
  const typed = { login: handle, password }
  const { asked, code } = await withMailedCode(
    inbox,
    email.address,
    async () => await visitor.send(begun.form('password'), typed),
  )
  return await visitor.send(asked.form('email', 'prove'), { code })
}

test('a code of the sign-in page opens a session, and none if the password was reset meanwhile', async () => {
  const { owner, device, address } = await somebody()
  const visitor = new SignInVisitor(idem)
  expect(codeOf(await visitor.tryRedeem(await signInAtPage(visitor, owner)))).toBeNull()
  const page = await signInAtPage(visitor, owner)
  await reset(address, device)
  expect(codeOf(await visitor.tryRedeem(page))).toBe('PROOF_REJECTED')
  owner.password = newPassword
  expect(codeOf(await visitor.tryRedeem(await signInAtPage(visitor, owner)))).toBeNull()
})

test('nor does the second factor that a former password was answered with', async () => {
  const { owner, device, address } = await somebody()
  const proof = { login: owner.handle, password: owner.password }
  const { asked, code } = await withMailedCode(inbox, address, async () => await tryPassword(idem, proof))
  await reset(address, device)
  const { id } = dataOf(asked).signIn.secondFactor
  expect(codeOf(await owner.email.trySignIn(id, code))).toBe('CHALLENGE_SPENT')
})
