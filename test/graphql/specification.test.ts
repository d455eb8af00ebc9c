// The features of the GraphQL specification (October 2021, with @oneOf), section by section, over our own schema.
import { beforeAll, expect, test } from 'vitest'
import { codeOf, dataOf } from '../support/calls.js'
import { KeyOwner, type SignedIn } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'
import type { Answer } from '../support/start-service.js'

const { idem } = await serviceOfFile()

let me: SignedIn
beforeAll(async () => {
  me = await new KeyOwner(idem).signIn('walker')
})

const ask = async (query: string, variables: object = {}): Promise<Answer> =>
  await idem.askAs(me.accessToken, query, variables)
const data = async (query: string, variables: object = {}): Promise<Answer['data']> =>
  dataOf(await ask(query, variables))
/** Several operations in one document: the one to run is named beside it. */
const run = async (query: string, operationName?: string): Promise<Answer> =>
  await idem.post(JSON.stringify({ query, operationName }), { authorization: `Bearer ${me.accessToken}` })

test('2.3 an operation without a name, a shorthand, and one of several by its name', async () => {
  const several = 'query First { me { handle } } query Second { session { acr } }'
  expect(dataOf(await run('query { me { handle } }'))).toEqual({ me: { handle: 'walker' } })
  expect(dataOf(await run('{ me { handle } }'))).toEqual({ me: { handle: 'walker' } })
  expect(dataOf(await run(several, 'Second'))).toEqual({ session: { acr: 'aal1' } })
  expect(codeOf(await run(several))).toBe('BAD_USER_INPUT')
  expect(codeOf(await run(several, 'Third'))).toBe('BAD_USER_INPUT')
})

test('2.1 white space, commas, comments, a byte order mark', async () => {
  expect(await data('\ufeff{\t# a comment\r\n  me,{,,handle}}')).toEqual({ me: { handle: 'walker' } })
})

test('2.7 aliases; fields in the order in which they were asked for', async () => {
  const answer = await data('{ second: me { kind, called: handle } first: me { id } }')
  expect(answer).toEqual({ second: { kind: 'PERSON', called: 'walker' }, first: { id: me.accountId } })
  expect(Object.keys(answer)).toEqual(['second', 'first'])
})

test('2.8 fragments, nested and repeated, are merged with what stands beside them', async () => {
  const query = `query { me { ...Name id identities { ...Proven method } } }
    fragment Name on Account { handle ...Kind } fragment Kind on Account { kind handle }
    fragment Proven on Identity { issuer }`
  expect(await data(query)).toEqual({
    me: {
      id: me.accountId,
      handle: 'walker',
      kind: 'PERSON',
      identities: [{ issuer: 'ed25519', method: 'key' }],
    },
  })
})

test('2.8.2 inline fragments, with a type and without one', async () => {
  const query =
    'query ($no: Boolean!) { me { ... on Account { handle } ... { kind } ... @include(if: $no) { id } } }'
  expect(await data(query, { no: false })).toEqual({ me: { handle: 'walker', kind: 'PERSON' } })
})

test('3.13.1 @skip and 3.13.2 @include, on fields, inline fragments and spreads, by literal and by variable', async () => {
  const query = `query ($yes: Boolean!, $no: Boolean = false) {
    me { id @include(if: $yes) handle @skip(if: $yes) kind @skip(if: false) @include(if: true)
      displayName @include(if: true) @skip(if: true)
      ... @skip(if: $no) { createdAt } ... on Account @include(if: $no) { locale } ...More @include(if: $yes) ...Less @skip(if: $yes) } }
    fragment More on Account { signInNotices } fragment Less on Account { locale }`
  const { me: account } = await data(query, { yes: true })
  expect(Object.keys(account).toSorted()).toEqual(['createdAt', 'id', 'kind', 'signInNotices'])
  const { me: other } = await data(query, { yes: false, no: true })
  expect(Object.keys(other).toSorted()).toEqual(['handle', 'kind', 'locale'])
})

test('3.13.1 a directive without a value for its variable is refused, not guessed', async () => {
  const answer = await ask('query ($if: Boolean = true) { me { id @include(if: $if) } }', { if: null })
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors[0]?.extensions['field']).toBe('if')
})

test('2.10 variables, with defaults that count when nothing is given', async () => {
  const query =
    'query ($handle: String! = "walker", $more: Boolean! = true) { handleAvailable(handle: $handle) me @include(if: $more) { handle } }'
  expect(await data(query)).toEqual({ handleAvailable: false, me: { handle: 'walker' } })
  expect(await data(query, { handle: 'free-one', more: false })).toEqual({ handleAvailable: true })
})

test('3.6.1 an argument that is left out, or whose variable is, has the default of the schema', async () => {
  const key = { key: { publicKey: new KeyOwner(idem).publicKey } }
  const purposes = [
    'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { purpose } }',
    'mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose) { issueChallenge(input: $input, purpose: $purpose) { purpose } }',
    'mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) { issueChallenge(input: $input, purpose: $purpose) { purpose } }',
  ]
  for (const query of purposes)
    expect(await data(query, { input: key })).toEqual({ issueChallenge: { purpose: 'SIGN_IN' } })
  const literal = `mutation { issueChallenge(input: { key: { publicKey: "${key.key.publicKey}" } }, purpose: LINK_IDENTITY) { purpose } }`
  expect(await data(literal)).toEqual({ issueChallenge: { purpose: 'LINK_IDENTITY' } })
})

test('2.9.5 null: for what may be null it clears, for what may not it is refused', async () => {
  const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { displayName } }'
  expect(await data(update, { input: { displayName: 'Walker' } })).toEqual({
    updateProfile: { displayName: 'Walker' },
  })
  expect(await data(update, { input: {} })).toEqual({ updateProfile: { displayName: 'Walker' } })
  expect(await data('mutation { updateProfile(input: { displayName: null }) { displayName } }')).toEqual({
    updateProfile: { displayName: null },
  })
  expect(codeOf(await ask('{ handleAvailable(handle: null) }'))).toBe('BAD_USER_INPUT')
  expect(codeOf(await ask(update, { input: null }))).toBe('BAD_USER_INPUT')
})

test('3.4.2 what a default takes the place of is not null: an explicit null is refused as input', async () => {
  const purpose =
    'mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose = SIGN_IN) { issueChallenge(input: $input, purpose: $purpose) { id } }'
  const answer = await ask(purpose, {
    input: { key: { publicKey: new KeyOwner(idem).publicKey } },
    purpose: null,
  })
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors[0]?.extensions['field']).toBe('purpose')
})

test('3.5 scalars and 3.9 enums coerce what they must, and nothing else', async () => {
  const challenge = 'query ($id: ID!) { challenge(id: $id) { id } }'
  expect(codeOf(await ask(challenge, { id: 5 }))).toBe('NOT_FOUND')
  expect(codeOf(await ask('{ challenge(id: 5) { id } }'))).toBe('NOT_FOUND')
  for (const id of [true, 1.5, {}, ['a']])
    expect(codeOf(await ask(challenge, { id })), String(id)).toBe('BAD_USER_INPUT')
  for (const literal of ['5', 'true', 'walker', '["walker"]'])
    expect(codeOf(await ask(`{ handleAvailable(handle: ${literal}) }`)), literal).toBe('BAD_USER_INPUT')
  expect(await data('{ handleAvailable(handle: """walker""") }')).toEqual({ handleAvailable: false })
  expect(await data('{ handleAvailable(handle: "w\\u0061lker") }')).toEqual({ handleAvailable: false })
})

test('3.11 a single value is coerced to a list, in each of our arguments that is one', async () => {
  const { __schema: schema } =
    await data(`{ __schema { types { inputFields { ...Input } fields { args { ...Input } } } } }
    fragment Input on __InputValue { name type { kind ofType { kind } } }`)
  const inputs = schema.types.flatMap(
    (type: Partial<Record<'inputFields' | 'fields', { args: object[] }[]>>) => [
      ...(type.inputFields ?? []),
      ...(type.fields ?? []).flatMap(({ args }) => args),
    ],
  )
  expect(inputs.length).toBeGreaterThan(20)
  const lists = inputs.filter((input: object) => JSON.stringify(input).includes('LIST'))
  expect(new Set(lists.map(({ name }: { name: string }) => name))).toEqual(
    new Set(['resolutions', 'eventTypes']),
  )
  const add = (types: string) =>
    `mutation { addWebhookEndpoint(input: { url: "https://example.org", eventTypes: ${types} }) { __typename } }`
  const merge = (resolutions: string) =>
    `mutation { mergeAccounts(input: { ticket: "none", resolutions: ${resolutions} }) { id } }`
  // Refused by what they do: the input was accepted.
  const from = '01990000-0000-7000-8000-000000000001'
  expect(codeOf(await ask(add('"account.merged"')))).toBe('FORBIDDEN')
  expect(codeOf(await ask(merge(`{ field: LOCALE, from: "${from}" }`)))).toBe('PROOF_REJECTED')
  for (const query of [add('[["account.merged"]]'), merge('1')])
    expect(codeOf(await ask(query)), query).toBe('BAD_USER_INPUT')
})

test('3.10.1 @oneOf takes exactly one field, by literal and by variable', async () => {
  const proofs = [
    '{}',
    '{ anonymous: null }',
    '{ anonymous: {}, key: null }',
    '{ anonymous: {}, email: {} }',
    '{ anonymous: $none }',
  ]
  for (const proof of proofs) {
    const query = `mutation${proof.includes('$none') ? ' ($none: AnonymousProof)' : ''} { signIn(input: { proof: ${proof} }) { provisioned } }`
    expect(codeOf(await ask(query)), proof).toBe('BAD_USER_INPUT')
  }
  const given =
    'mutation ($given: AnonymousProof!) { signIn(input: { proof: { anonymous: $given } }) { provisioned } }'
  expect(await data(given, { given: {} })).toEqual({ signIn: { provisioned: true } })
  expect(codeOf(await ask(given))).toBe('BAD_USER_INPUT')
})

test('4 introspection: the schema, a type, the type of each object', async () => {
  const query = `{ __typename me { __typename identities { __typename } }
    __schema { __typename queryType { name } mutationType { name } subscriptionType { name } types { name kind } description
      directives { name isRepeatable locations args { name type { kind ofType { name } } } } }
    account: __type(name: "Account") { name kind description specifiedByURL isOneOf interfaces { name } possibleTypes { name } enumValues { name } inputFields { name } ofType { name }
      fields { name description isDeprecated deprecationReason args { name } type { kind ofType { name kind } } } }
    proof: __type(name: "Proof") { kind isOneOf inputFields { name defaultValue isDeprecated type { name } } }
    purpose: __type(name: "ChallengePurpose") { enumValues { name description isDeprecated } }
    nothing: __type(name: "Nothing") { name } }`
  const answer = await data(query)
  expect(answer).toMatchObject({
    __typename: 'Query',
    me: { __typename: 'Account', identities: [{ __typename: 'Identity' }] },
    __schema: {
      __typename: '__Schema',
      queryType: { name: 'Query' },
      mutationType: { name: 'Mutation' },
      subscriptionType: { name: 'Subscription' },
    },
    account: { name: 'Account', kind: 'OBJECT', isOneOf: null, interfaces: [], possibleTypes: null },
    proof: { kind: 'INPUT_OBJECT', isOneOf: true },
    nothing: null,
  })
  expect(answer.purpose.enumValues).toHaveLength(5)
  const directives = answer.__schema.directives.map(({ name }: { name: string }) => name)
  expect(directives).toEqual(
    expect.arrayContaining(['include', 'skip', 'deprecated', 'specifiedBy', 'oneOf', 'authenticated']),
  )
})

test('6.2.2 a mutation does its fields one after the other', async () => {
  const query =
    'mutation { a: updateProfile(input: { displayName: "A" }) { displayName } b: updateProfile(input: { displayName: "B" }) { displayName } }'
  expect(await data(query)).toEqual({ a: { displayName: 'A' }, b: { displayName: 'B' } })
  expect(await data('{ me { displayName } }')).toEqual({ me: { displayName: 'B' } })
})

test('6.4.4 an error leaves its sibling fields, and carries the path', async () => {
  const answer = await ask('{ me { handle } gone: session { id } jobs { failed } }')
  expect(answer.errors[0]).toMatchObject({ path: ['jobs'] })
  // Of a field that cannot be null, whatever holds it becomes null.
  expect(answer.data).toBeNull()
  const partial = await idem.ask('{ me { id } handleAvailable(handle: "walker") }')
  expect(partial.data).toEqual({ me: null, handleAvailable: false })
})

test.each([
  ['5.2.2.1 an anonymous operation beside another', '{ me { id } } query A { me { id } }'],
  ['5.2.1.1 two operations of one name', 'query A { me { id } } query A { me { id } }'],
  ['5.3.1 an unknown field', '{ me { nothing } }'],
  ['5.3.2 two fields of one name that differ', '{ me { a: id a: handle } }'],
  ['5.3.3 a leaf with a selection', '{ me { id { x } } }'],
  ['5.4.2.1 a required argument that is missing', '{ challenge { id } }'],
  ['5.4.2 an argument given twice', '{ handleAvailable(handle: "a", handle: "b") }'],
  ['5.5.1.4 a fragment that nobody uses', '{ me { id } } fragment A on Account { id }'],
  ['5.5.1.3 a fragment on a scalar', '{ me { ...A } } fragment A on String { id }'],
  ['5.5.2.3 a fragment on another type', '{ me { ...A } } fragment A on Session { id }'],
  ['5.6.2 an unknown field of an input', 'mutation { updateProfile(input: { x: 1 }) { id } }'],
  ['5.7.1 an unknown directive', '{ me { id @nothing } }'],
  ['5.7.2 a directive in a wrong place', 'query @skip(if: true) { me { id } }'],
  ['5.7.3 a directive given twice', '{ me { id @skip(if: false) @skip(if: false) } }'],
  ['5.8.1 two variables of one name', 'query ($a: Boolean, $a: Boolean) { me { id @skip(if: $a) } }'],
  ['5.8.2 a variable of an output type', 'query ($a: Account) { me { id @skip(if: $a) } }'],
  ['5.8.3 a variable that is not declared', '{ me { id @skip(if: $a) } }'],
  ['5.8.4 a variable that nobody uses', 'query ($a: Boolean) { me { id } }'],
  ['5.8.5 a variable of another type', 'query ($a: String!) { me { id @skip(if: $a) } }'],
])('%s is refused', async (_name, query) => {
  const answer = await ask(query)
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.status).toBe(400)
})
