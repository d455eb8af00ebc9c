// Text that PostgreSQL cannot store, or that UTF-8 cannot carry, is refused wherever a request may hold text.
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { expect, test } from 'vitest'
import { codeOf, dataOf } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'
import type { Answer } from '../support/start-service.js'

const { idem, tables } = await serviceOfFile()
const { accessToken } = await new KeyOwner(idem).signIn('somebody')

// Its directives of Apollo Federation are not defined in it.
const schema = buildSchema(readFileSync('schema/idem.graphql', 'utf8'), { assumeValidSDL: true })

const unstorable = { 'half of a pair': '\ud800', 'the other half': 'a\udfffb', 'a zero byte': 'a\0b' }

/** A value of a type that the schema takes. */
const exampleOf = (type: GraphQLInputType): unknown => {
  if (isNonNullType(type)) return exampleOf(type.ofType)
  if (isListType(type)) return [exampleOf(type.ofType)]
  if (isEnumType(type)) return type.getValues()[0]?.name
  if (!isInputObjectType(type)) return { Int: 1, Float: 1, Boolean: true }[type.name] ?? 'text'
  const fields = Object.values(type.getFields())
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter((field) => isNonNullType(field.type))
  return Object.fromEntries(given.map((field) => [field.name, exampleOf(field.type)]))
}

type Place = readonly [name: string, value: unknown]

/** Every value of the argument or field that holds `text` in one place, with the name of that place. */
const placesIn = ({ name, type }: GraphQLArgument | GraphQLInputField, text: string): Place[] => {
  const named = getNamedType(type)
  if (['String', 'ID'].includes(named.name)) return [[name, text]]
  if (!isInputObjectType(named)) return []
  const base = named.isOneOf ? {} : (exampleOf(named) as object)
  return Object.values(named.getFields()).flatMap((field) =>
    placesIn(field, text).map(([place, value]): Place => [place, { ...base, [field.name]: value }]),
  )
}

interface Case {
  readonly kind: string
  readonly field: string
  readonly place: string
  readonly query: string
  readonly variables: object
}

const casesOf = (text: string): Case[] =>
  (['query', 'mutation', 'subscription'] as const).flatMap((kind) => {
    const root = { query: schema.getQueryType(), mutation: schema.getMutationType() }
    const type = kind === 'subscription' ? schema.getSubscriptionType() : root[kind]
    return Object.values(type?.getFields() ?? {}).flatMap((field) => {
      const declared = field.args.map((each) => `$${each.name}: ${each.type}`).join(', ')
      const given = field.args.map((each) => `${each.name}: $${each.name}`).join(', ')
      const selection = 'getFields' in getNamedType(field.type) ? '{ __typename }' : ''
      const others = Object.fromEntries(field.args.map((each) => [each.name, exampleOf(each.type)]))
      return field.args.flatMap((argument) =>
        placesIn(argument, text).map(([place, value]) => ({
          kind,
          field: field.name,
          place,
          query: `${kind} (${declared}) { ${field.name}(${given}) ${selection} }`,
          variables: { ...others, [argument.name]: value },
        })),
      )
    })
  })

const send = async ({ kind, query, variables }: Case): Promise<Answer> =>
  kind === 'subscription' ? await stream(query, variables) : await idem.askAs(accessToken, query, variables)

const stream = async (query: string, variables: object): Promise<Answer> => {
  const { status, headers, text } = await fetch(`${idem.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables }),
  }).then(async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }))
  const { errors } = JSON.parse(text) as Pick<Answer, 'errors'>
  return { status, headers, data: null, errors }
}

test.each(Object.entries(unstorable))('%s is refused in every text of the schema', async (_what, text) => {
  const before = await tables.contents()
  const cases = casesOf(text)
  expect(cases.length).toBeGreaterThan(20)
  for (const each of cases) {
    const answer = await send(each)
    expect([each.field, each.place, answer.status, answer.errors[0]?.extensions]).toMatchObject([
      each.field,
      each.place,
      400,
      { code: 'BAD_USER_INPUT', field: each.place },
    ])
  }
  expect(await tables.contents()).toEqual(before)
  expect(idem.bugs).toEqual([])
})

test.each([
  ['a zero byte', 'handle', '{ handleAvailable(handle: "a\\u0000b") }'],
  ['half of a pair', undefined, '{ handleAvailable(handle: "\\ud800") }'],
  ['half of a pair, unescaped', undefined, '{ handleAvailable(handle: "\ud800") }'],
  ['half of a pair in braces', undefined, '{ handleAvailable(handle: "\\u{d800}") }'],
  [
    'a zero byte in a default value',
    undefined,
    'query ($h: String! = "\\u0000") { handleAvailable(handle: $h) }',
  ],
  [
    'a zero byte in a nested value',
    'code',
    'mutation { signIn(input: { challengeId: "x", proof: { email: { code: "\\u0000" } } }) { provisioned } }',
  ],
])('%s in a document is refused', async (_what, field, query) => {
  const answer = await idem.ask(query)
  expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT'])
  if (field !== undefined) expect(answer.errors[0]?.extensions['field']).toBe(field)
})

test('a key of a variable is not repeated, and a value that nests as deep as it is long is read', async () => {
  const query = 'query ($h: String!) { handleAvailable(handle: $h) }'
  const answer = await idem.ask(query, { h: { 'not a name\n': '\0' } })
  expect([codeOf(answer), answer.errors[0]?.message.includes('not a name')]).toEqual([
    'BAD_USER_INPUT',
    false,
  ])
  const nested = await idem.post(
    `{"query": ${JSON.stringify(query)}, "variables": {"h": ${'['.repeat(25_000)}"\\u0000"${']'.repeat(25_000)}}}`,
  )
  expect([nested.status, codeOf(nested)]).toEqual([400, 'BAD_USER_INPUT'])
})

test('bytes that are no UTF-8 are refused, and not replaced', async () => {
  const body = Buffer.concat([
    Buffer.from('{"query": "{ handleAvailable(handle: \\"abc'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('\\") }"}'),
  ])
  const answer = await idem.post(body)
  expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT'])
})

test('text that looks alike but is well-formed is taken', async () => {
  const displayName = '🧑🏽‍🚀 Zoë 葛\u{e0100}'
  const input = { displayName }
  const answer = await idem.askAs(
    accessToken,
    'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { displayName } }',
    { input },
  )
  expect(dataOf(answer).updateProfile).toEqual({ displayName })
})
