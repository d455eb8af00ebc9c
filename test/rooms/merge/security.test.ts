// What went wrong with linking and merging elsewhere, and must not here.
import { readFileSync } from 'node:fs'
import { buildSchema, isInputObjectType } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'

let idem: TestService

beforeAll(async () => {
  idem = await startTestService()
  return async () => await idem.stop()
})

test('nobody says of their own identity that it is verified: no input has such a field (CVE-2026-27946)', () => {
  const schema = buildSchema(readFileSync('schema/idem.graphql', 'utf8'), { assumeValidSDL: true })
  const inputs = Object.values(schema.getTypeMap()).filter(isInputObjectType)
  const args = Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap((field) => field.args)
  const names = [
    ...inputs.flatMap((input) => Object.keys(input.getFields())),
    ...args.map(({ name }) => name),
  ]
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => /verified/i.test(name))).toEqual([])
})

test('a challenge to link that another session asked for links nothing, whoever signs it (CVE-2026-9087)', async () => {
  const [victim, thief] = [new KeyOwner(idem), new KeyOwner(idem)]
  const own = await victim.signIn()
  const theirs = await thief.signIn()
  const fresh = new KeyOwner(idem)
  const challenge = await fresh.challenge({ purpose: 'LINK_IDENTITY', accessToken: own.accessToken })
  const answer = await fresh.linkBy(theirs.accessToken, challenge)
  expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(['PROOF_REJECTED'])
  expect((await fresh.signIn()).provisioned).toBe(true)
})

test('a guest token that was planted on a device opens nothing after its owner linked an identity', async () => {
  const deviceSecret = Buffer.alloc(32, 9).toString('base64')
  const planted = await signInAsGuest(idem, { deviceSecret })
  const owner = await signInAsGuest(idem, { deviceSecret })
  const linked = await new KeyOwner(idem).link(owner.accessToken)
  expect(linked.errors).toEqual([])
  const answer = await idem.askAs(planted.accessToken, '{ me { id } }')
  expect(answer.data?.me ?? null).toBeNull()
})
