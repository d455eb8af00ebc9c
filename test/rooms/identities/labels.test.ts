// Labels of identities: changed by their owner alone, parsed as text that people see, and audited.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { codeOf, dataOf } from '../../support/calls.js'
import { KeyOwner, type SignedIn } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import type { Answer } from '../../support/start-service.js'

const { idem, tables } = await serviceOfFile()

const rename = async (
  { accessToken }: Pick<SignedIn, 'accessToken'>,
  id: string,
  label: string | null,
): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    'mutation ($id: ID!, $label: String) { renameIdentity(id: $id, label: $label) { id label methodName } }',
    { id, label },
  )

const identityOf = async ({ accessToken }: SignedIn): Promise<{ id: string; label: string | null }> =>
  dataOf(await idem.askAs(accessToken, '{ me { identities { id label } } }')).me.identities[0]

const renamesOf = async ({ accountId }: SignedIn): Promise<unknown[]> =>
  await tables.query(
    "select detail from audit_entry where account_id = $1 and action = 'identity.renamed' order by at, id",
    [accountId],
  )

test('a label is changed, cleaned and cleared; the audit log has the identity and no text', async () => {
  const owner = await new KeyOwner(idem).signIn()
  const { id } = await identityOf(owner)
  const renamed = dataOf(await rename(owner, id, '  key of   the laptop ')).renameIdentity
  expect(renamed).toEqual({ id, label: 'key of the laptop', methodName: 'Ed25519 key' })
  expect(await identityOf(owner)).toEqual({ id, label: 'key of the laptop' })
  expect(dataOf(await rename(owner, id, '  ')).renameIdentity.label).toBeNull()
  dataOf(await rename(owner, id, 'again'))
  expect(dataOf(await rename(owner, id, null)).renameIdentity.label).toBeNull()
  expect(await renamesOf(owner)).toEqual(Array(4).fill({ detail: { identityId: id } }))
})

test('the same label writes nothing', async () => {
  const owner = await new KeyOwner(idem).signIn()
  const { id } = await identityOf(owner)
  dataOf(await rename(owner, id, 'laptop'))
  const before = await tables.contents()
  expect(dataOf(await rename(owner, id, ' laptop')).renameIdentity.label).toBe('laptop')
  expect(await tables.contents()).toEqual(before)
})

test.each([
  ['101 characters', 'a'.repeat(101)],
  ['two lines', 'laptop\r\nBcc: everyone'],
  ['a changed direction', 'laptop\u202egro'],
  ['a zero byte', 'laptop\u0000'],
])('a label of %s is refused, and nothing is written', async (_what, label) => {
  const owner = await new KeyOwner(idem).signIn()
  const { id } = await identityOf(owner)
  const before = await tables.contents()
  const answer = await rename(owner, id, label)
  expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'label' })
  expect(await tables.contents()).toEqual(before)
})

test("another account's identity is as unknown as one that never was, and keeps its label", async () => {
  const [owner, stranger] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  const { id } = await identityOf(owner)
  const before = await tables.contents()
  const [foreign, unknown] = [
    await rename(stranger, id, 'mine'),
    await rename(stranger, randomUUID(), 'mine'),
  ]
  expect([codeOf(foreign), codeOf(unknown)]).toEqual(['NOT_FOUND', 'NOT_FOUND'])
  expect(foreign.errors[0]?.message).toBe(unknown.errors[0]?.message)
  expect(codeOf(await rename(stranger, 'no id', 'mine'))).toBe('BAD_USER_INPUT')
  expect(await tables.contents()).toEqual(before)
})
