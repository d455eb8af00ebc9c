// What a document may cost, measured before anything else looks at it; and what is kept of documents.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { buildSchema, getIntrospectionQuery, parse } from 'graphql'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../src/config/read-environment.js'
import { createDocumentCheck } from '../../src/graphql/check-document.js'
import { DocumentStore } from '../../src/graphql/document-store.js'
import { listLengths } from '../../src/graphql/list-lengths.js'
import { servedOperationsRule } from '../../src/graphql/served-operations.js'
import { settingsSections } from '../../src/settings.js'

const sdl = await readFile(path.resolve(import.meta.dirname, '../../schema/idem.graphql'), 'utf8')
const schema = buildSchema(sdl.replace(/^extend schema @link.*$/m, ''), { assumeValidSDL: true })
const settings = readEnvironment(settingsSections, {}).graphql
const lists = { identities: 50, sessions: 100, devices: 20 }
const check = createDocumentCheck({ schema, settings, lists, servedOperations: servedOperationsRule })

const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ')
const whole = `id kind handle displayName locale signInNotices createdAt
  identities { id method issuer subject label createdAt } emails { id address primary verifiedAt }
  sessions { id deviceName amr acr authenticatedAt startedAt refreshedAt expiresAt current }`
const record = 'id kind handle displayName createdAt suspendedAt emails { id address primary verifiedAt }'

test.each([
  ['a field', '{ me { id } }'],
  ['all of an account', `{ me { ${whole} } session { id } }`],
  ['twice all of an account', `{ a: me { ${whole} } b: me { ${whole} } }`],
  ['a page of accounts', `{ accounts { edges { cursor node { ${record} } } pageInfo { endCursor } } }`],
  [
    'the longest page',
    `{ accounts(first: 100) { edges { cursor node { ${record} } } pageInfo { endCursor } } }`,
  ],
  [
    'a page as long as a variable says',
    `query ($n: Int) { accounts(first: $n) { edges { node { ${record} } } } }`,
  ],
  [
    'five sign-ins',
    `mutation { ${times(5, (index) => `a${index}: signIn(input: { proof: { anonymous: {} } }) { account { id } tokens { accessToken } }`)} }`,
  ],
  ['fifteen aliases', `{ ${times(15, (index) => `a${index}: me { id kind handle }`)} }`],
  ['the same field fifty times more', `{ ${times(51, () => '__typename')} }`],
  [
    'what clients ask of the schema',
    getIntrospectionQuery({
      descriptions: true,
      inputValueDeprecation: true,
      schemaDescription: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      oneOf: true,
    }),
  ],
  [
    'fragments of twenty components',
    `{ me { ${times(20, (index) => `...F${index}`)} } } ${times(20, (index) => `fragment F${index} on Account { __typename id }`)}`,
  ],
  ['several operations, of which one runs', times(5, (index) => `query Q${index} { me { ${whole} } }`)],
])('%s is within the limits', (_name, query) => {
  expect(check(parse(query)).map(({ message }) => message)).toEqual([])
})

test.each([
  ['an account many times over', `{ ${times(4, (index) => `a${index}: me { ${whole} }`)} }`],
  [
    'two longest pages with all their addresses',
    `{ a: accounts(first: 100) { edges { node { ${record} } } } b: accounts(first: 100) { edges { node { ${record} } } } }`,
  ],
  [
    'an alias in a fragment for each of many',
    `{ ...A ...B } fragment A on Query { ${times(9, (index) => `a${index}: me { id }`)} } fragment B on Query { ${times(9, (index) => `b${index}: me { id }`)} }`,
  ],
  [
    'five of the longest pages',
    `{ ${times(5, (index) => `a${index}: accounts(first: 100) { edges { node { id kind handle displayName } } }`)} }`,
  ],
  ['six mutations', `mutation { ${times(6, (index) => `a${index}: endSession`)} }`],
  ['one root field again and again', `{ ${times(60, () => 'me { id }')} }`],
  ['__typename again and again', `{ ${times(60, () => '__typename')} }`],
  ['the same below one another', `{ ${times(20, () => 'me { id handle kind }')} }`],
  [
    'the same in fragments',
    `{ me { ${times(30, (index) => `...F${index}`)} } } ${times(30, (index) => `fragment F${index} on Account { id handle kind }`)}`,
  ],
  [
    'the same in a fragment that nobody uses',
    `{ me { id } } fragment F on Account { ${times(60, () => 'id')} }`,
  ],
  ['the same in one introspection', `{ __schema { ${times(60, () => 'types { name }')} } }`],
  [
    'fragments that multiply',
    `{ me { ...F0 } } ${times(30, (index) => `fragment F${index} on Account { a${index}: sessions { ...F${index + 1} } b${index}: sessions { ...F${index + 1} } }`)}`,
  ],
  [
    'fragments that multiply without a field',
    `{ me { ...F0 } } ${times(30, (index) => `fragment F${index} on Account { ... { ...F${index + 1} } x { ...F${index + 1} } y { ...F${index + 1} } }`)}`,
  ],
  [
    'a fragment within itself, below a field',
    '{ me { ...A } } fragment A on Account { sessions { ...B } } fragment B on Session { x { ...A } }',
  ],
  ['a type within itself', '{ __type(name: "Query") { ...T } } fragment T on __Type { ofType { ...T } }'],
  ['eleven levels', `{ ${'x { '.repeat(11)} y ${'}'.repeat(11)} }`],
  [
    'the schema many times over',
    `{ ${times(14, (index) => `a${index}: __schema { types { name fields { name args { name type { name } } type { name } } } }`)} }`,
  ],
  [
    'a type that a variable names, many times over',
    `query ($n: String!) { ${times(14, (index) => `a${index}: __type(name: $n) { name fields { name description args { name description type { name kind } } type { name kind } } }`)} }`,
  ],
  ['more than forty definitions', times(41, (index) => `query Q${index} { me { id } }`)],
])('%s is too costly', (_name, query) => {
  const problems = check(parse(query))
  expect(problems.map(({ extensions }) => extensions['code'])).toEqual(['QUERY_TOO_COSTLY'])
})

test('what is too costly is not validated', () => {
  const query = `{ ${times(400, () => 'me { nothing }')} }`
  expect(check(parse(query)).map(({ message }) => message)).toEqual([
    'The query asks for fields that it has asked for more than 50 times.',
  ])
})

test('lists count by the bounds of the installation', () => {
  const generous = { schema, settings, servedOperations: servedOperationsRule }
  const query = parse(`{ me { ${whole} } }`)
  expect(
    createDocumentCheck({ ...generous, lists: { ...lists, identities: 5, sessions: 5 } })(query),
  ).toEqual([])
  expect(
    createDocumentCheck({ ...generous, lists: { ...lists, identities: 5, sessions: 1_000 } })(query),
  ).toHaveLength(1)
})

test('a list of objects whose length nobody has said keeps the schema from being served', () => {
  const more = buildSchema('type Query { things: [Thing!]! words: [String!]! } type Thing { id: ID! }')
  expect(() => listLengths(more, lists)).toThrow('Query.things')
})

test('documents are kept by what they hold alive: the text, and each token of it', async () => {
  const store = new DocumentStore()
  const keep = async (from: number, to: number, text: (index: number) => string): Promise<void> => {
    for (let index = from; index < to; index += 1) await store.set(`${index}`, parse(text(index)))
  }
  await keep(0, 5_000, (index) => `{__typename}#${index}`)
  const { documents, bytes } = store.kept
  expect(documents).toBeGreaterThan(500)
  expect(documents).toBeLessThan(2_000)
  expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024)

  await keep(5_000, 5_200, (index) => `{__typename}#${index}${'x'.repeat(60_000)}`)
  expect(store.kept.documents).toBeLessThan(40)
  expect(store.kept.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)

  const many = parse(`{__typename}${'#\n'.repeat(30_000)}`)
  await store.set('comments', many)
  expect(await store.get('comments')).toBeUndefined()
  const last = parse('{ me { id } }')
  await store.set('last', last)
  expect(await store.get('last')).toBe(last)
})
