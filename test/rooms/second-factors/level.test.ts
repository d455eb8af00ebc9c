// The level of an account follows its password and its TOTP, and no sign-in opens a session below it.
import { expect, test } from 'vitest'
import { passwordMethodName } from '../../../src/identities/identity.js'
import type { SecondFactorKind } from '../../../src/second-factors/second-factor.js'
import { settleLevel } from '../../../src/second-factors/settle-level.js'
import { atOnce, codeOf, dataOf, unlink } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { unsentInbox } from '../../support/unsent-inbox.js'

const { idem, tables } = await serviceOfFile()

const levelOf = async (accountId: string): Promise<string> => {
  const [row] = await tables.query('select level from account where id = $1', [accountId])
  return row.level
}

const settle = async (accountId: string): Promise<string> =>
  await idem.foundation.ownCall().inTransaction(async (call) => {
    const account = await idem.foundation.accounts.lock(call, accountId)
    return (await settleLevel(call, account, idem.foundation)).level
  })

const addPassword = async (accountId: string): Promise<string> => {
  const [row] = await tables.query(
    `insert into identity (id, account_id, method, issuer, subject, credential, created_at, failed_proofs)
     values (gen_random_uuid(), $1::uuid, $2, $2, $1::uuid::text, '{}', now(), 0) returning id`,
    [accountId, passwordMethodName],
  )
  return row.id
}

const addFactor = async (accountId: string, kind: SecondFactorKind, confirmedAt: Date | null) =>
  await tables.query(
    `insert into second_factor (id, account_id, kind, credential, created_at, confirmed_at)
     values (gen_random_uuid(), $1, $2, '{}', now(), $3)`,
    [accountId, kind, confirmedAt],
  )

test('an account has two factors once it has a password or a confirmed TOTP, and else one', async () => {
  const { accountId } = await new KeyOwner(idem).signIn()
  expect(await settle(accountId)).toBe('aal1')
  await addFactor(accountId, 'recoveryCode', new Date())
  await addFactor(accountId, 'totp', null)
  expect(await settle(accountId)).toBe('aal1')
  await tables.query(
    "update second_factor set confirmed_at = now() where kind = 'totp' and account_id = $1",
    [accountId],
  )
  expect(await settle(accountId)).toBe('aal2')
  expect(await levelOf(accountId)).toBe('aal2')
  await addPassword(accountId)
  await tables.query('delete from second_factor where account_id = $1', [accountId])
  expect(await settle(accountId)).toBe('aal2')
  await tables.query('delete from identity where account_id = $1 and method = $2', [
    accountId,
    passwordMethodName,
  ])
  expect(await settle(accountId)).toBe('aal1')
  const guest = await signInAsGuest(idem)
  expect(await settle(guest.accountId)).toBe('aal0')
})

/** Somebody with a key and an address, whose password has raised the account, and a session of both. */
const somebodyWithPassword = async (address: string) => {
  const key = new KeyOwner(idem)
  const { accountId, accessToken } = await key.signIn()
  const email = new EmailOwner(idem, unsentInbox(idem), address)
  dataOf(await email.tryLink(accessToken))
  const passwordId = await addPassword(accountId)
  await settle(accountId)
  const { identities } = dataOf(await idem.askAs(accessToken, '{ me { identities { id method } } }')).me
  const idOf = (method: string): string =>
    identities.find((identity: { method: string }) => identity.method === method).id
  return { key, email, accountId, accessToken, passwordId, idOf }
}

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  account { id } tokens { accessToken } secondFactor { id method methods delivery } } }`

const signInWithBoth = async (person: {
  readonly key: KeyOwner
  readonly email: EmailOwner
}): Promise<Pick<SignedIn, 'accessToken'>> => {
  const first = await idem.ask(signInQuery, { input: person.key.answer(await person.key.challenge()) })
  const { secondFactor } = dataOf(first).signIn
  const mails = (await person.email.inbox(person.email.address)).length
  const second = await person.email.trySignIn(secondFactor.id, await person.email.code(mails))
  return dataOf(second).signIn.tokens
}

test('a password is not what may remain alone, and without it one proof suffices again', async () => {
  const person = await somebodyWithPassword('alone@example.com')
  const { accessToken } = await signInWithBoth(person)
  expect(codeOf(await unlink(idem, accessToken, person.idOf('email')))).toBe(null)
  const last = await unlink(idem, accessToken, person.idOf('key'))
  expect(codeOf(last)).toBe('LAST_IDENTITY')
  expect(last.errors[0]?.message).toContain('password')
  expect(await levelOf(person.accountId)).toBe('aal2')
  expect(codeOf(await unlink(idem, accessToken, person.passwordId))).toBe(null)
  expect(await levelOf(person.accountId)).toBe('aal1')
  expect(codeOf(await unlink(idem, accessToken, person.idOf('key')))).toBe('LAST_IDENTITY')
  expect(dataOf(await person.key.trySignIn()).signIn.account.id).toBe(person.accountId)
})

test('whatever is unlinked at once, an identity remains that opens the account, and the level is that of the rest', async () => {
  const person = await somebodyWithPassword('at-once@example.com')
  const { accessToken } = await signInWithBoth(person)
  const ids = [person.idOf('email'), person.idOf('key'), person.passwordId]
  await atOnce(9, async (index) => await unlink(idem, accessToken, ids[index % 3] ?? ''))
  const rows = await tables.query('select method from identity where account_id = $1', [person.accountId])
  const left: string[] = rows.map(({ method }) => method)
  // Where the key went first, the session that it opened ended, and the rest remained.
  expect(left.length).toBeLessThan(3)
  expect(left.filter((method) => method !== passwordMethodName)).not.toEqual([])
  expect(await levelOf(person.accountId)).toBe(left.includes(passwordMethodName) ? 'aal2' : 'aal1')
})

test('a sign-in that began before the level was raised opens no session below it', async () => {
  const { accounts, auditLog, ownCall } = idem.foundation
  const person = await somebodyWithPassword('raised@example.com')
  const audit = auditLog.row(ownCall(), { action: 'session.started', accountId: person.accountId })
  const stale = accounts.writeWhileOpen(ownCall(), { id: person.accountId, level: 'aal1' }, audit)
  await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' })
  const answer = await idem.ask(signInQuery, { input: person.key.answer(await person.key.challenge()) })
  expect(dataOf(answer).signIn).toMatchObject({ tokens: null, secondFactor: { method: 'email' } })
})
