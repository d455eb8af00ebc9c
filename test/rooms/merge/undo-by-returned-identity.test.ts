// An undo by an identity that was unlinked since: what becomes of the account and of the session that it had opened.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { newIdentity } from '../../../src/identities/identity.js'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { writeNotices } from '../../../src/notices/write-notices.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { askMe, codeOf, dataOf, refresh, tryRefresh } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({ environment: withoutLimits })

const signUp = async () => {
  const key = new KeyOwner(idem)
  return { key, ...(await key.signIn()) }
}

type Person = Awaited<ReturnType<typeof signUp>>

const merge = async (survivorId: string, otherId: string): Promise<string> => {
  const { foundation } = idem
  const request = { ownId: survivorId, otherId, survivorId, choices: new Map(), proofs: [], session: null }
  const needs = { ...foundation, random: systemRandom }
  return (await mergeAccounts(foundation.ownCall(), request, needs)).merge.id
}

const giveIdentity = async (account: string, method: string, subject: string): Promise<void> => {
  const { identities, ownCall } = idem.foundation
  const call = ownCall()
  const id = systemRandom.uuid()
  const facts = { account, method, issuer: method, subject, label: null, createdAt: call.now }
  await call.write(identities.row(newIdentity({ id, ...facts, credential: { version: id } })))
}

const giveTotp = async (accountId: string): Promise<void> => {
  await tables.query(
    `insert into second_factor (id, account_id, kind, credential, created_at, confirmed_at)
     values ($1, $2, 'totp', '{}', now(), now())`,
    [randomUUID(), accountId],
  )
}

/** Unlinks the identity of `other`, whose owner then signs in as somebody new. */
const signInAnew = async ({ key }: Person) => {
  await tables.query('delete from identity where subject = $1', [key.publicKey])
  return await key.signIn()
}

const undo = async (accessToken: string, id: string) =>
  dataOf(await idem.askAs(accessToken, 'mutation ($id: ID!) { undoMerge(id: $id) { id } }', { id }))

const liveSessionsOf = async (accountId: string) =>
  await tables.query('select acr from session where account_id = $1 and ended_at is null', [accountId])

test('the session goes on in an account of one factor, and ends where the account asks for two', async () => {
  const [own, plain, guarded] = [await signUp(), await signUp(), await signUp()]
  await giveTotp(guarded.accountId)
  const first = await merge(own.accountId, plain.accountId)
  const going = await signInAnew(plain)
  await undo(going.accessToken, first)
  const { accessToken } = await refresh(idem, going.refreshToken)
  expect(dataOf(await askMe(idem, accessToken)).me.id).toBe(plain.accountId)

  const second = await merge(own.accountId, guarded.accountId)
  const ending = await signInAnew(guarded)
  await undo(ending.accessToken, second)
  const [restored] = await tables.query('select level from account where id = $1', [guarded.accountId])
  expect(restored.level).toBe('aal2')
  expect(await liveSessionsOf(guarded.accountId)).toEqual([])
  expect(codeOf(await tryRefresh(idem, ending.refreshToken))).toBe('UNAUTHENTICATED')
})

test('an account to which only a password is left, which opens nothing, becomes part of the side', async () => {
  const [own, other] = [await signUp(), await signUp()]
  const id = await merge(own.accountId, other.accountId)
  const fresh = await signInAnew(other)
  await giveIdentity(fresh.accountId, 'password', fresh.accountId)
  await undo(fresh.accessToken, id)
  const made = await tables.query('select merged_into_id as "into" from account where id = $1', [
    fresh.accountId,
  ])
  expect(made).toEqual([{ into: other.accountId }])
  const passwords = await tables.query(
    `select subject from identity where method = 'password' and account_id = $1`,
    [other.accountId],
  )
  expect(passwords).toEqual([{ subject: other.accountId }])
})

test('in the middle of a chain those are told who have lost something by it', async () => {
  const [first, middle, last] = [await signUp(), await signUp(), await signUp()]
  await giveIdentity(last.accountId, 'email', 'last@chain.example')
  const id = await merge(middle.accountId, first.accountId)
  await merge(last.accountId, middle.accountId)
  await undo((await first.key.signIn()).accessToken, id)
  const [entry] = await tables.query(
    `select id from audit_entry where action = 'account.unmerged' and account_id = $1`,
    [middle.accountId],
  )
  const operators = { handles: new Set<string>(), addresses: new Set<string>() }
  const needs = { ...idem.foundation, random: systemRandom, operators }
  await writeNotices(idem.foundation.ownCall(), entry.id, needs)
  const told = await tables.query('select address from mail where cause_id = $1', [entry.id])
  expect(told).toEqual([{ address: 'last@chain.example' }])
})
