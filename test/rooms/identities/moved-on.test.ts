// A guest who moved on: once it is a person, its device secret is refused by name, and never starts another account.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { askMe, codeOf, dataOf, sessionIdOf, unlink } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest, trySignInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'

const { idem, tables } = await serviceOfFile()

interface MovedOn {
  readonly deviceSecret: string
  readonly guest: SignedIn
  readonly key: KeyOwner
}

/** A guest that has linked a key. */
const moveOn = async (): Promise<MovedOn> => {
  const deviceSecret = randomBytes(32).toString('base64')
  const guest = await signInAsGuest(idem, { deviceSecret })
  const key = new KeyOwner(idem)
  dataOf(await key.link(guest.accessToken))
  return { deviceSecret, guest, key }
}

const expectMovedOn = (answer: Answer, { guest }: MovedOn): void => {
  expect(codeOf(answer)).toBe('PROOF_REJECTED')
  expect(answer.errors[0]?.message).toMatch(/^This guest has become a person/)
  // No hint who.
  expect(JSON.stringify(answer.errors)).not.toContain(guest.accountId)
}

test('an old tab is told that its guest has become a person, however often it asks, and no account starts', async () => {
  const moved = await moveOn()
  const before = await tables.contents()
  for (let index = 0; index < 3; index++)
    expectMovedOn(await trySignInAsGuest(idem, { deviceSecret: moved.deviceSecret }), moved)
  idem.clock.advance(400 * 24 * 3600)
  expectMovedOn(await trySignInAsGuest(idem, { deviceSecret: moved.deviceSecret }), moved)
  expect(await tables.contents()).toEqual(before)
})

test('in every base64 of the same bytes', async () => {
  const moved = await moveOn()
  const url = moved.deviceSecret.replaceAll('+', '-').replaceAll('/', '_')
  for (const deviceSecret of [url, url.replace(/=+$/, '')])
    expectMovedOn(await trySignInAsGuest(idem, { deviceSecret }), moved)
})

test('a guest whose session merely ended comes back as before', async () => {
  const deviceSecret = randomBytes(32).toString('base64')
  const first = await signInAsGuest(idem, { deviceSecret })
  dataOf(await idem.askAs(first.accessToken, 'mutation { endSession }'))
  expect(await signInAsGuest(idem, { deviceSecret })).toMatchObject({
    accountId: first.accountId,
    provisioned: false,
  })
})

test('the person has the identities that it linked and no other: to see, to prove, to unlink', async () => {
  const { guest, key, deviceSecret } = await moveOn()
  const { accessToken } = await key.signIn()
  const { me } = dataOf(await askMe(idem, accessToken))
  expect(me.identities.map(({ method }: { method: string }) => method)).toEqual(['key'])
  // What is retired is no identity that an account could still be entered by.
  expect(codeOf(await unlink(idem, accessToken, me.identities[0].id))).toBe('LAST_IDENTITY')
  const [retired] = await tables.query('select id from retired_identity where account_id = $1', [
    guest.accountId,
  ])
  expect(codeOf(await unlink(idem, accessToken, retired.id))).toBe('NOT_FOUND')
  const stepUp = await idem.askAs(
    accessToken,
    'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }',
    { input: { proof: { anonymous: { deviceSecret } } } },
  )
  expect(codeOf(stepUp)).toBe('PROOF_REJECTED')
  // The session that linked goes on.
  expect(dataOf(await askMe(idem, guest.accessToken)).session.id).toBe(sessionIdOf(guest.accessToken))
})

test('a new secret is a new guest, as ever', async () => {
  const { guest } = await moveOn()
  const fresh = await signInAsGuest(idem, { deviceSecret: randomBytes(32).toString('base64') })
  expect(fresh).toMatchObject({ provisioned: true })
  expect(fresh.accountId).not.toBe(guest.accountId)
})

test('one retired identity a guest, whatever the person links later; it goes with the account', async () => {
  const { guest, key } = await moveOn()
  const { accessToken } = await key.signIn()
  for (let index = 0; index < 3; index++) dataOf(await new KeyOwner(idem).link(accessToken))
  const count = async () =>
    (
      await tables.query('select count(*)::int as count from retired_identity where account_id = $1', [
        guest.accountId,
      ])
    )[0].count
  expect(await count()).toBe(1)
  await tables.query('delete from session where account_id = $1', [guest.accountId])
  await tables.query('delete from identity where account_id = $1', [guest.accountId])
  await tables.query('delete from account where id = $1', [guest.accountId])
  expect(await count()).toBe(0)
})
