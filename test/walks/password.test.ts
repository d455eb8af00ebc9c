// The story of a password, over HTTP, by real mails: set, come back, forgotten by a thief, changed, removed.
import { expect, test } from 'vitest'
import { askMe, atOnce, codeOf, dataOf, setHandle, tally, unlink } from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { expectSignedIn, type SignedIn } from '../support/key-owner.js'
import { codeIn, mailAbout } from '../support/mail-reader.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { tryPassword, trySetPassword } from '../support/password-owner.js'

const { idem, inbox } = await mailedServiceOfFile({
  IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
  IDEM_THROTTLE_MAILS_PER_SUBJECT: '100000',
})

const address = 'ada@example.org'
const handle = 'ada.lovelace'
const ada = new EmailOwner(idem, inbox, address)

const codesSoFar = async (): Promise<string[]> =>
  (await inbox(address)).map(({ text }) => codeIn(text)).filter((code) => code !== '')

/** Both steps of a sign-in: the password, then the code of the mail that it caused. */
const signIn = async (login: string, password: string): Promise<SignedIn> => {
  const before = (await codesSoFar()).length
  const { secondFactor, tokens } = dataOf(await tryPassword(idem, { login, password })).signIn
  expect(tokens).toBeNull()
  expect(secondFactor.methods).toContain('email')
  await expect
    .poll(async () => (await codesSoFar()).length, { timeout: 20_000, interval: 50 })
    .toBe(before + 1)
  return expectSignedIn(await ada.trySignIn(secondFactor.id, (await codesSoFar())[0]))
}

const identitiesOf = async (accessToken: string): Promise<{ id: string; method: string }[]> =>
  dataOf(await askMe(idem, accessToken)).me.identities

test('a password is set, opens the account with a mail, is changed and removed', {
  timeout: 120_000,
}, async () => {
  // Register by mail.
  const first = await ada.signIn()
  dataOf(await setHandle(idem, first.accessToken, handle))
  expect(codeOf(await tryPassword(idem, { login: handle, password: 'three brown foxes' }))).toBe(
    'PROOF_REJECTED',
  )

  // Set it: refused where it is guessable, twice and at once the second one needs two factors.
  expect(codeOf(await trySetPassword(idem, first.accessToken, 'Ada-Lovelace-1'))).toBe('BAD_USER_INPUT')
  const set = await atOnce(10, async () => await trySetPassword(idem, first.accessToken, 'three brown foxes'))
  expect(tally(set)).toEqual({ ok: 1, STEP_UP_REQUIRED: 9 })
  expect((await mailAbout(inbox, address, /password was set/)).text).toContain(handle)
  expect((await identitiesOf(first.accessToken)).map(({ method }) => method)).toEqual(['email', 'password'])

  // Come back by handle and by address.
  const byHandle = await signIn(handle.toUpperCase(), 'three brown foxes')
  const byAddress = await signIn(' Ada@Example.org ', 'three brown foxes')
  expect([byHandle.accountId, byAddress.accountId]).toEqual([first.accountId, first.accountId])

  // A stranger who guesses is counted; the owner sees it, and no session notices.
  const guesses = await atOnce(
    20,
    async (index) => await tryPassword(idem, { login: handle, password: `three brown cats ${index}` }),
  )
  expect(tally(guesses)).toEqual({ PROOF_REJECTED: 20 })
  const query = '{ me { identities { method failedProofs } } }'
  expect(dataOf(await idem.askAs(byHandle.accessToken, query)).me.identities).toContainEqual({
    method: 'password',
    failedProofs: 20,
  })

  // Change it: all other sessions end.
  dataOf(await trySetPassword(idem, byHandle.accessToken, 'four green frogs'))
  await mailAbout(inbox, address, /password .* was changed/)
  expect(codeOf(await idem.askAs(byAddress.accessToken, '{ me { identities { id } } }'))).toBe(
    'UNAUTHENTICATED',
  )
  expect(codeOf(await tryPassword(idem, { login: handle, password: 'three brown foxes' }))).toBe(
    'PROOF_REJECTED',
  )
  const after = await signIn(handle, 'four green frogs')

  // Remove it: the session that it opened ends, and the address alone opens the account again.
  const password = (await identitiesOf(after.accessToken)).find(({ method }) => method === 'password')
  dataOf(await unlink(idem, after.accessToken, password?.id ?? ''))
  await mailAbout(inbox, address, /A way to sign in was removed/)
  expect(codeOf(await tryPassword(idem, { login: handle, password: 'four green frogs' }))).toBe(
    'PROOF_REJECTED',
  )
  const before = (await codesSoFar()).length
  const { id } = await ada.challenge()
  await expect
    .poll(async () => (await codesSoFar()).length, { timeout: 20_000, interval: 50 })
    .toBe(before + 1)
  const last = expectSignedIn(await ada.trySignIn(id, (await codesSoFar())[0]))
  expect((await identitiesOf(last.accessToken)).map(({ method }) => method)).toEqual(['email'])
})
