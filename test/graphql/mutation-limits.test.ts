// Walks the mutations of the SDL: each has a limit, whoever adds one. A limit of the account comes before the resolver.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql'
import { expect, onTestFinished, test } from 'vitest'
import { publicFields } from '../../src/graphql/schema.js'
import { codeOf, dataOf, refresh, tryRefresh } from '../support/calls.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { cancelReset, newPassword, tryReset } from '../support/reset.js'
import { type Answer, startTestService, type TestService } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

const sdl = await readFile(path.resolve(import.meta.dirname, '../../schema/idem.graphql'), 'utf8')
const schema = buildSchema(sdl.replace(/^extend schema @link.*$/m, ''), { assumeValidSDL: true })
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})

/** A value of the right type, as a literal. */
const sample = (type: GraphQLInputType): string => {
  if (isNonNullType(type)) return sample(type.ofType)
  if (isListType(type)) return '[]'
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (isScalarType(type))
    return { Boolean: 'true', Int: '1' }[type.name] ?? '"00000000-0000-7000-8000-000000000000"'
  if (!isInputObjectType(type)) throw new Error(`no sample of ${String(type)}`)
  const fields = Object.values(type.getFields())
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(({ type: field }) => isNonNullType(field))
  return `{ ${given.map((field) => `${field.name}: ${sample(field.type)}`).join(', ')} }`
}

const mutationOf = (field: GraphQLField<unknown, unknown>): string => {
  const given = field.args.filter(
    ({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined,
  )
  const list = given.map(({ name, type }) => `${name}: ${sample(type)}`).join(', ')
  const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }'
  return `mutation { ${field.name}${list === '' ? '' : `(${list})`}${selection} }`
}

const start = async (
  environment: Readonly<Record<string, string>>,
): Promise<{ idem: TestService; tables: Tables }> => {
  const idem = await startTestService({ environment })
  const tables = await Tables.open(idem.databaseUrl)
  onTestFinished(async () => {
    await tables.close()
    await idem.stop()
  })
  return { idem, tables }
}

const rename = 'mutation { updateProfile(input: { displayName: "Ada" }) { id } }'

const expectLimited = (answer: Answer): void => {
  expect(codeOf(answer)).toBe('RATE_LIMITED')
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
}

test('every mutation that needs a bearer is refused when the session has made as many as it may, and writes nothing', async () => {
  const { idem, tables } = await start({
    IDEM_THROTTLE_CHANGES_PER_SESSION: '1',
    IDEM_OPERATORS: 'limited-operator',
  })
  const { accessToken } = await new KeyOwner(idem).signIn('limited-operator')
  dataOf(await idem.askAs(accessToken, rename))
  const before = await tables.contents()
  for (const field of mutations.filter(({ name }) => !publicFields.has(name)))
    expect([field.name, codeOf(await idem.askAs(accessToken, mutationOf(field)))]).toEqual([
      field.name,
      'RATE_LIMITED',
    ])
  expect(await tables.contents()).toEqual(before)
  expectLimited(await idem.askAs(accessToken, rename))
  expect(dataOf(await idem.askAs(accessToken, '{ me { displayName } }')).me.displayName).toBe('Ada')
  idem.clock.advance(301)
  dataOf(await idem.askAs(accessToken, rename))
})

/** The mutations that need no bearer have a limit each of their own; a new one must be listed here with a way to meet it. */
const publicLimits: Readonly<Record<string, (idem: TestService) => Promise<Answer>>> = {
  signIn: async (idem) => {
    await signInAsGuest(idem)
    return await idem.ask('mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }')
  },
  refreshSession: async (idem) => {
    const { refreshToken } = await refresh(idem, (await signInAsGuest(idem)).refreshToken)
    return await tryRefresh(idem, refreshToken)
  },
  issueChallenge: async (idem) => {
    const ask = async () =>
      await idem.ask('mutation { issueChallenge(input: { email: { address: "ada@example.org" } }) { id } }')
    dataOf(await ask())
    return await ask()
  },
  resetPassword: async (idem) => {
    const input = { challengeId: 'none of ours', code: 'AAAAAAAA', newPassword }
    expect(codeOf(await tryReset(idem, input))).toBe('PROOF_REJECTED')
    return await tryReset(idem, input)
  },
  cancelPasswordReset: async (idem) => {
    const token = 'A'.repeat(64)
    expect(codeOf(await cancelReset(idem, token))).toBe('NOT_FOUND')
    return await cancelReset(idem, token)
  },
}

test.each(mutations.map(({ name }) => name).filter((name) => publicFields.has(name)))(
  '%s needs no bearer, and has a limit of its own',
  async (name) => {
    const { idem } = await start({
      IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '1',
      IDEM_THROTTLE_REFRESHES_PER_SESSION: '1',
      IDEM_THROTTLE_MAILS_PER_SUBJECT: '1',
    })
    const meet = publicLimits[name]
    if (meet === undefined) throw new Error(`say in this test how the limit of ${name} is met`)
    expectLimited(await meet(idem))
  },
)

test('a challenge that is bound to a session counts as a change of it; one to sign in does not', async () => {
  const { idem } = await start({ IDEM_THROTTLE_CHANGES_PER_SESSION: '2' })
  const owner = new KeyOwner(idem)
  const { accessToken } = await owner.signIn()
  const ask = async (purpose: string) =>
    await idem.askAs(
      accessToken,
      `mutation ($publicKey: String!, $purpose: ChallengePurpose!) {
        issueChallenge(input: { key: { publicKey: $publicKey } }, purpose: $purpose) { id } }`,
      { publicKey: owner.publicKey, purpose },
    )
  dataOf(await ask('STEP_UP'))
  dataOf(await ask('LINK_IDENTITY'))
  expectLimited(await ask('STEP_UP'))
  expectLimited(await ask('LINK_IDENTITY'))
  dataOf(await ask('SIGN_IN'))
})

test('one session that is over its limit stops no other of the account; all together stop at that of the account', async () => {
  const { idem } = await start({
    IDEM_THROTTLE_CHANGES_PER_SESSION: '3',
    IDEM_THROTTLE_CHANGES_PER_ACCOUNT: '6',
  })
  const owner = new KeyOwner(idem)
  const [stolen, own] = [await owner.signIn(), await owner.signIn()]
  for (let index = 0; index < 3; index++) dataOf(await idem.askAs(stolen.accessToken, rename))
  // Whoever has a token of hers cannot keep the owner from what she does against him: of what was refused the first
  // counts for the account, the others do not.
  for (let index = 0; index < 3; index++) expectLimited(await idem.askAs(stolen.accessToken, rename))
  dataOf(await idem.askAs(own.accessToken, 'mutation { revokeOtherSessions }'))
  dataOf(await idem.askAs(own.accessToken, rename))
  expectLimited(await idem.askAs(own.accessToken, rename))
  expectLimited(await idem.askAs((await owner.signIn()).accessToken, rename))
  dataOf(await idem.askAs((await new KeyOwner(idem).signIn()).accessToken, rename))
})
