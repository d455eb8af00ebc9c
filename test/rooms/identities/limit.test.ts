// How many identities an account can have: a setting, kept also where several are linked at once.
import { expect, test } from 'vitest'
import { askMe, atOnce, codeOf, dataOf, tally, unlink } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_IDENTITIES_PER_ACCOUNT: '3' } })

const identitiesOf = async (accessToken: string): Promise<{ id: string; subject: string }[]> =>
  dataOf(await askMe(idem, accessToken)).me.identities

test('one identity too many is refused, writes nothing, and fits once another has gone', async () => {
  const { accessToken } = await new KeyOwner(idem).signIn()
  for (const _second of [1, 2]) dataOf(await new KeyOwner(idem).link(accessToken))
  const before = await tables.contents()
  const further = new KeyOwner(idem)
  const refused = await further.link(accessToken)
  expect(codeOf(refused)).toBe('CONFLICT')
  expect(refused.errors[0]?.message).toContain('3 identities')
  expect(await tables.contents()).toEqual(before)

  const [, second] = await identitiesOf(accessToken)
  dataOf(await unlink(idem, accessToken, second?.id ?? ''))
  dataOf(await further.link(accessToken))
  expect((await identitiesOf(accessToken)).map(({ subject }) => subject)).toContain(further.publicKey)
})

test('of ten linked at once as many stay as there is room for', async () => {
  const { accessToken } = await new KeyOwner(idem).signIn()
  const answers = await atOnce(10, async () => await new KeyOwner(idem).link(accessToken))
  expect(tally(answers)).toEqual({ ok: 2, CONFLICT: 8 })
  expect(await identitiesOf(accessToken)).toHaveLength(3)
})

test('a guest becomes a person whatever the limit, for its own identities go', async () => {
  const guest = await signInAsGuest(idem)
  dataOf(await new KeyOwner(idem).link(guest.accessToken))
  expect(await identitiesOf(guest.accessToken)).toHaveLength(1)
})
