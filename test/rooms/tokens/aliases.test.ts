// Access tokens name the ids that their account has absorbed, so that a service can re-point what it holds.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { mostAliases } from '../../../src/tokens/access-token.js'
import { enrol } from '../../support/authenticator.js'
import { claimsOf, dataOf, refresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile()

/** What merges do to the account itself. */
const absorb = async (accountId: string, ids: readonly string[]): Promise<void> =>
  void (await tables.query('update account set absorbed_ids = $2 where id = $1', [accountId, ids]))

const aliasesIn = (accessToken: string): unknown => claimsOf(accessToken)['idem_aliases']

test('the discovery document names the claim; the token of an account that has absorbed nothing has none', async () => {
  const discovery = await (await fetch(`${idem.url}/.well-known/openid-configuration`)).json()
  expect(discovery).toMatchObject({ claims_supported: expect.arrayContaining(['idem_aliases']) })
  const owner = new KeyOwner(idem)
  const { accessToken, refreshToken } = await owner.signIn()
  const tokens = [
    accessToken,
    (await owner.signIn()).accessToken,
    (await refresh(idem, refreshToken)).accessToken,
    dataOf(await owner.stepUp(accessToken)).stepUp.accessToken,
    (await signInAsGuest(idem)).accessToken,
  ]
  for (const token of tokens) expect(Object.keys(claimsOf(token))).not.toContain('idem_aliases')
})

test('every token that is issued after a merge names what was absorbed, the newest first', async () => {
  const owner = new KeyOwner(idem)
  const first = await owner.signIn()
  const ids = [randomUUID(), randomUUID()]
  await absorb(first.accountId, ids)
  // The session was opened before: its next refresh tells, and so does the answer to a repetition.
  const next = await refresh(idem, first.refreshToken)
  expect(aliasesIn(next.accessToken)).toEqual(ids)
  expect(aliasesIn((await refresh(idem, first.refreshToken)).accessToken)).toEqual(ids)
  expect(aliasesIn(dataOf(await owner.stepUp(next.accessToken)).stepUp.accessToken)).toEqual(ids)
  const second = await owner.signIn()
  expect(aliasesIn(second.accessToken)).toEqual(ids)
  const { accessToken } = await enrol(idem, second)
  expect(aliasesIn(accessToken)).toEqual(ids)
})

test('a token names at most ten, those that were absorbed last, and still holds as a bearer', async () => {
  const owner = new KeyOwner(idem)
  const { accountId } = await owner.signIn()
  const ids = Array.from({ length: 12 }, () => randomUUID())
  await absorb(accountId, ids)
  const { accessToken } = await owner.signIn()
  expect(mostAliases).toBe(10)
  expect(aliasesIn(accessToken)).toEqual(ids.slice(0, 10))
  expect(dataOf(await idem.askAs(accessToken, '{ me { id } }')).me.id).toBe(accountId)
})

test('what is no longer absorbed is no longer named', async () => {
  const { accountId, refreshToken } = await new KeyOwner(idem).signIn()
  await absorb(accountId, [randomUUID()])
  const named = await refresh(idem, refreshToken)
  expect(aliasesIn(named.accessToken)).toHaveLength(1)
  await absorb(accountId, [])
  expect(aliasesIn((await refresh(idem, named.refreshToken)).accessToken)).toBeUndefined()
})
