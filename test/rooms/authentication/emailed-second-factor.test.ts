// After a first proof that was no emailed code, the account's primary address gets the second one.
import { expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { EmailOwner, openLink, otherCode, pressButton } from '../../support/email-owner.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) { provisioned
  account { id } tokens { accessToken } secondFactor { id method methods purpose status matchCode delivery } } }`

let people = 0

/** Somebody with a key and two addresses, of whom the account asks for two factors. */
const somebody = async () => {
  people += 1
  const key = new KeyOwner(idem)
  const { accountId, accessToken } = await key.signIn()
  const [old, primary] = ['old', 'primary'].map(
    (name) => new EmailOwner(idem, unsentInbox(idem), `${name}-${people}@example.com`),
  ) as [EmailOwner, EmailOwner]
  dataOf(await old.tryLink(accessToken))
  dataOf(await primary.tryLink(accessToken))
  await tables.query("update account set level = 'aal2', primary_email = $2 where id = $1", [
    accountId,
    primary.address,
  ])
  return { key, accountId, old, primary }
}

const firstProof = async (key: KeyOwner) =>
  dataOf(await idem.ask(signInQuery, { input: key.answer(await key.challenge()) })).signIn.secondFactor

const countMails = async ({ inbox, address }: EmailOwner): Promise<number> => (await inbox(address)).length

test('a key gets a mail to the primary address, and its code opens a session of two factors', async () => {
  const { key, accountId, old, primary } = await somebody()
  const secondFactor = await firstProof(key)
  expect(secondFactor).toEqual({
    id: expect.any(String),
    method: 'email',
    methods: ['email'],
    purpose: 'SIGN_IN',
    status: 'PENDING',
    matchCode: expect.stringMatching(/^\d{4}$/),
    delivery: 'QUEUED',
  })
  expect([await countMails(primary), await countMails(old)]).toEqual([2, 1])
  const { signIn } = dataOf(await primary.trySignIn(secondFactor.id, await primary.code(2)))
  expect(signIn).toMatchObject({ provisioned: false, account: { id: accountId } })
  const { session } = dataOf(await idem.askAs(signIn.tokens.accessToken, '{ session { acr amr } }'))
  expect(session).toEqual({ acr: 'aal2', amr: ['pop', 'otp', 'mfa'] })
})

test('the link of the mail confirms it as well', async () => {
  const { key, accountId, primary } = await somebody()
  const { id, matchCode } = await firstProof(key)
  expect(codeOf(await primary.trySignIn(id))).toBe('PROOF_REJECTED')
  expect((await pressButton(await primary.link(2), matchCode)).status).toBe(200)
  expect((await primary.poll(id)).status).toBe('CONFIRMED')
  expect(dataOf(await primary.trySignIn(id)).signIn.account.id).toBe(accountId)
})

test('mail and page say that somebody has given the first proof, and which, whatever the two are for', async () => {
  const { key, accountId, primary } = await somebody()
  const stranger = await new KeyOwner(idem).signIn()
  await firstProof(key)
  const linked = await idem.askAs(
    stranger.accessToken,
    'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { secondFactor { id } } }',
    {
      input: key.answer(await key.challenge({ purpose: 'LINK_IDENTITY', accessToken: stranger.accessToken })),
    },
  )
  expect(dataOf(linked).linkIdentity.secondFactor).not.toBe(null)
  for (const { text, html } of (await primary.inbox(primary.address)).slice(0, 2))
    for (const form of [text, html]) {
      expect(form).toContain('first proof')
      expect(form).toContain('Ed25519 key')
      expect(form).toContain(accountId)
      expect(form).not.toContain('join')
    }
  const page = await (await openLink(await primary.link(3))).text()
  expect(page).toContain('first proof')
  expect(page).toContain(accountId)
})

test('an emailed code is not completed by another one: there is no second factor left', async () => {
  const { old, primary } = await somebody()
  const { id } = await old.challenge()
  const refused = await old.trySignIn(id, await old.code(2))
  expect(codeOf(refused)).toBe('PROOF_REJECTED')
  expect(refused.errors[0]?.message).toContain('second factor')
  expect(await countMails(primary)).toBe(1)
})

test('200 right codes at once open one session; the code of another challenge, or of another person, opens none', async () => {
  const [one, other] = [await somebody(), await somebody()]
  const { id } = await firstProof(one.key)
  const code = await one.primary.code(2)
  const foreign = await firstProof(other.key)
  expect(codeOf(await other.primary.trySignIn(foreign.id, code))).toBe('PROOF_REJECTED')
  const mixed = await one.primary.trySignIn(foreign.id, await other.primary.code(2))
  expect(dataOf(mixed).signIn.account.id).toBe(other.accountId)
  expect(codeOf(await one.primary.trySignIn(id, otherCode(code)))).toBe('PROOF_REJECTED')
  const answers = tally(await atOnce(200, async () => await one.primary.trySignIn(id, code)))
  expect(answers).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
})

test('an address that was unlinked meanwhile confirms nobody', async () => {
  const { key, primary } = await somebody()
  const { id } = await firstProof(key)
  await tables.query('delete from identity where subject = $1', [primary.address])
  expect(codeOf(await primary.trySignIn(id, await primary.code(2)))).toBe('PROOF_REJECTED')
})
