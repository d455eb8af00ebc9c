// Walks the SDL: each field asks for what its directives say, everything is described, and the file is that of the code.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  buildSchema,
  type DirectiveNode,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedDirective,
  valueFromASTUntyped,
} from 'graphql'
import { expect, test } from 'vitest'
import { operatorScope, scopeMeanings } from '../../src/authorization/scope.js'
import { failureSentences } from '../../src/failure.js'
import { printSdl, publicFields } from '../../src/graphql/schema.js'
import { methodDefinitions } from '../../src/methods/registry.js'
import { codeOf, dataOf, refresh, sessionIdOf } from '../support/calls.js'
import { KeyOwner, type SignedIn } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'

const sdl = await readFile(path.resolve(import.meta.dirname, '../../schema/idem.graphql'), 'utf8')
// The link is Federation's; a schema of its own has no such definition.
const schema = buildSchema(sdl.replace(/^extend schema @link.*$/m, ''), { assumeValidSDL: true })

/** The contract's list, as far as its fields exist. */
const contractPublic = [
  'issueChallenge',
  'signIn',
  'refreshSession',
  'resetPassword',
  'cancelPasswordReset',
  'challenge',
  'challengeUpdated',
  'handleAvailable',
  'me',
  'session',
]

interface Place {
  readonly type: string
  readonly field: GraphQLField<unknown, unknown>
}

const places: Place[] = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type) && !isIntrospectionType(type))
  .flatMap((type) =>
    isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type: type.name, field })) : [],
  )
const rootPlaces = places.filter(({ type }) => ['Query', 'Mutation', 'Subscription'].includes(type))

const directiveOf = ({ field }: Place, name: string): DirectiveNode | undefined =>
  field.astNode?.directives?.find((directive) => directive.name.value === name)

const argumentOf = (directive: DirectiveNode | undefined, name: string): unknown => {
  const argument = directive?.arguments?.find((candidate) => candidate.name.value === name)
  return argument === undefined ? undefined : valueFromASTUntyped(argument.value)
}

const scopesOf = (place: Place): string[][] | undefined =>
  argumentOf(directiveOf(place, 'requiresScopes'), 'scopes') as string[][] | undefined

/** A value of the right type, as a literal. */
const sample = (type: GraphQLInputType): string => {
  if (isNonNullType(type)) return sample(type.ofType)
  if (isListType(type)) return '[]'
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (isScalarType(type) && type.name === 'JSONObject') return '{}'
  if (isScalarType(type))
    return type.name === 'Boolean'
      ? 'true'
      : type.name === 'Int'
        ? '1'
        : '"00000000-0000-7000-8000-000000000000"'
  if (!isInputObjectType(type)) throw new Error(`no sample of ${String(type)}`)
  const fields = Object.values(type.getFields())
  const given = type.isOneOf
    ? fields.slice(-1)
    : fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
  return `{ ${given.map((field) => `${field.name}: ${sample(field.type)}`).join(', ')} }`
}

const selectionOf = ({ field }: Place): string => {
  const given = field.args.filter(
    (argument) => isNonNullType(argument.type) && argument.defaultValue === undefined,
  )
  const list = given.map((argument) => `${argument.name}: ${sample(argument.type)}`).join(', ')
  return `${field.name}${list === '' ? '' : `(${list})`}${isLeafType(getNamedType(field.type)) ? '' : ' { __typename }'}`
}

/** How a field of an object is reached from a root. */
const reach: Readonly<Record<string, (selection: string) => string>> = {
  Query: (selection) => `{ ${selection} }`,
  Mutation: (selection) => `mutation { ${selection} }`,
  Account: (selection) => `{ me { ${selection} } }`,
}

const queryOf = (place: Place): string => {
  const wrap = reach[place.type]
  if (wrap === undefined) throw new Error(`say in this test how a field of ${place.type} is reached`)
  return wrap(selectionOf(place))
}

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'every-operator' } })
const operator = new KeyOwner(idem)
await operator.signIn('every-operator')

/** A fresh session whose tokens hold these scopes alone; of somebody new unless it says whose. */
const signInWith = async (
  scopes: readonly string[],
  owner = new KeyOwner(idem),
): Promise<Pick<SignedIn, 'accessToken'>> => {
  const signedIn = await owner.signIn()
  await tables.setScope(sessionIdOf(signedIn.accessToken), scopes.join(' '))
  return await refresh(idem, signedIn.refreshToken)
}

test('the committed SDL is that of the code', () => {
  expect(printSdl(methodDefinitions)).toBe(sdl)
})

test("the public fields are those of the contract's list that exist", () => {
  const fields = rootPlaces.map(({ field }) => field.name)
  expect([...publicFields].sort()).toEqual(contractPublic.filter((name) => fields.includes(name)).sort())
})

test.each(rootPlaces.map((place) => [`${place.type}.${place.field.name}`, place] as const))(
  '%s is public by the list, or carries @authenticated and scopes',
  (_name, place) => {
    const isPublic = publicFields.has(place.field.name)
    expect(directiveOf(place, 'authenticated') !== undefined).toBe(!isPublic)
    expect(scopesOf(place) !== undefined).toBe(!isPublic)
  },
)

/** Subscriptions are served elsewhere, as test/rooms/http/stream.test.ts asks them. */
const postedPlaces = rootPlaces.filter(({ type }) => type !== 'Subscription')

test.each(postedPlaces.map((place) => [`${place.type}.${place.field.name}`, place] as const))(
  '%s without a token is refused UNAUTHENTICATED unless it is public',
  async (_name, place) => {
    const before = await tables.contents()
    const answer = await idem.ask(queryOf(place))
    const refusedByGuard = answer.errors.some(
      (error) =>
        error.extensions['code'] === 'UNAUTHENTICATED' && error.message === failureSentences.UNAUTHENTICATED,
    )
    expect(refusedByGuard).toBe(!publicFields.has(place.field.name))
    if (refusedByGuard) expect(await tables.contents()).toEqual(before)
    // The samples fit the schema: it was not the validation that refused.
    expect(answer.status).toBe(200)
  },
)

const scoped = places.filter((place) => scopesOf(place) !== undefined)

test.each(scoped.map((place) => [`${place.type}.${place.field.name}`, place] as const))(
  '%s is refused FORBIDDEN to a token of every other scope, and names the scopes it needs',
  async (_name, place) => {
    const required = scopesOf(place) ?? []
    const others = Object.keys(scopeMeanings).filter(
      (scope) => scope !== 'all' && !required.flat().includes(scope),
    )
    // Reaching a field must not fail for want of a scope on the way.
    const { accessToken } = await signInWith([...others, 'nothing:all'])
    const before = await tables.contents()
    const answer = await idem.askAs(accessToken, queryOf(place))
    expect(answer.errors.map((error) => error.extensions)).toEqual([
      { code: 'FORBIDDEN', requestId: answer.headers.get('x-request-id'), requiredScopes: required },
    ])
    expect(await tables.contents()).toEqual(before)
  },
)

test.each(scoped.map((place) => [`${place.type}.${place.field.name}`, place] as const))(
  '%s is open to a token of just the scopes that it needs, and to one of all',
  async (_name, place) => {
    const required = scopesOf(place) ?? []
    const owner = required.flat().includes(operatorScope) ? operator : undefined
    for (const scopes of [...required, ['all']]) {
      const { accessToken } = await signInWith(scopes, owner)
      const answer = await idem.askAs(accessToken, queryOf(place))
      const { code, requiredScopes } = answer.errors[0]?.extensions ?? {}
      // What is refused for another reason than scopes names none, as explainLink about somebody else.
      if (code === 'FORBIDDEN') expect(requiredScopes).toBeUndefined()
      expect(['UNAUTHENTICATED', 'INTERNAL']).not.toContain(code)
    }
  },
)

test('what is for operators is open to nobody else, whatever scopes the token names', async () => {
  const forOperators = scoped.filter((place) => scopesOf(place)?.flat().includes(operatorScope))
  expect(forOperators.map(({ field }) => field.name).sort()).toEqual([
    'account',
    'accounts',
    'addWebhookEndpoint',
    'endAccountSessions',
    'failedJobs',
    'jobs',
    'redeliverFailedWebhooks',
    'redeliverWebhook',
    'reinstateAccount',
    'removeWebhookEndpoint',
    'retryFailedJob',
    'retryFailedJobs',
    'rotateWebhookSecret',
    'suspendAccount',
    'updateWebhookEndpoint',
    'webhookDeliveries',
    'webhookEndpoints',
  ])
  const { accessToken } = await signInWith(['all', ...Object.keys(scopeMeanings)])
  const before = await tables.contents()
  for (const place of forOperators)
    expect(codeOf(await idem.askAs(accessToken, queryOf(place)))).toBe('FORBIDDEN')
  expect(await tables.contents()).toEqual(before)
})

test('every scope that the SDL names is one of the table', () => {
  for (const scope of scoped.flatMap((place) => scopesOf(place) ?? []).flat())
    expect(Object.keys(scopeMeanings)).toContain(scope)
})

test('the fields that the contract marks ask for a step-up', async () => {
  const marked = rootPlaces.filter((place) => directiveOf(place, 'stepUp') !== undefined)
  expect(marked.map(({ field }) => field.name).sort()).toEqual([
    'addWebhookEndpoint',
    'confirmTotp',
    'createRecoveryCodes',
    'deleteAccount',
    'endAccountSessions',
    'enrolTotp',
    'exportAccount',
    'linkIdentity',
    'mergeAccounts',
    'registerDevice',
    'reinstateAccount',
    'removeDevice',
    'removeTotp',
    'rotateWebhookSecret',
    'setPassword',
    'suspendAccount',
    'undoMerge',
    'unlinkIdentity',
    'updateWebhookEndpoint',
  ])
  // Whom none of them refuses for another reason.
  const { accessToken } = await operator.signIn()
  idem.clock.advance(601)
  for (const place of marked) {
    const answer = await idem.askAs(accessToken, queryOf(place))
    expect(answer.errors[0]?.extensions).toEqual({
      code: 'STEP_UP_REQUIRED',
      requestId: expect.any(String),
      acrValues: ['aal1'],
      maxAgeSeconds: argumentOf(directiveOf(place, 'stepUp'), 'maxAgeSeconds'),
    })
  }
})

test('what a sign-in answers is shown to whom it signed in, in the same request, and to nobody else', async () => {
  const [one, two] = [new KeyOwner(idem), new KeyOwner(idem)]
  const { accessToken: bearer } = await two.signIn()
  const input = one.answer(await one.challenge())
  const query =
    'mutation ($input: SignInInput!) { signIn(input: $input) { account { identities { subject } sessions { id } } } }'
  const answer = dataOf(await idem.askAs(bearer, query, { input })).signIn
  expect(answer.account.identities).toEqual([{ subject: one.publicKey }])
  expect(answer.account.sessions).toHaveLength(1)
})

test('everything is described', () => {
  const bare: string[] = []
  const need = (description: string | null | undefined, what: string) => {
    if (!description?.trim()) bare.push(what)
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (
      isIntrospectionType(type) ||
      (isScalarType(type) && ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name))
    )
      continue
    const isRoot = ['Query', 'Mutation', 'Subscription'].includes(type.name)
    if (!isRoot) need(type.description, type.name)
    if (isObjectType(type))
      for (const field of Object.values(type.getFields())) {
        need(field.description, `${type.name}.${field.name}`)
        for (const argument of field.args)
          need(argument.description, `${type.name}.${field.name}(${argument.name})`)
      }
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        need(field.description, `${type.name}.${field.name}`)
    if (isEnumType(type))
      for (const value of type.getValues()) need(value.description, `${type.name}.${value.name}`)
  }
  for (const directive of schema.getDirectives().filter((candidate) => !isSpecifiedDirective(candidate))) {
    need(directive.description, `@${directive.name}`)
    for (const argument of directive.args) need(argument.description, `@${directive.name}(${argument.name})`)
  }
  expect(bare).toEqual([])
})
