// Whatever is sent: a clear error of the closed list, the right status, nothing written, and no bug.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { failureSentences } from '../../src/failure.js'
import { askMe, claimsOf, codeOf, dataOf, sessionIdOf } from '../support/calls.js'
import { KeyOwner, type SignedIn } from '../support/key-owner.js'
import { type Answer, startTestService, type TestService } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

let idem: TestService
let tables: Tables
let owner: KeyOwner
let signedIn: SignedIn
let stranger: SignedIn
beforeAll(async () => {
  idem = await startTestService()
  tables = await Tables.open(idem.databaseUrl)
  owner = new KeyOwner(idem)
  signedIn = await owner.signIn('bad-input')
  stranger = await new KeyOwner(idem).signIn('stranger')
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
})

let before: Record<string, string>
let bugsBefore: number
beforeEach(async () => {
  before = await tables.contents()
  bugsBefore = idem.bugs.length
})
afterEach(async () => {
  expect(idem.bugs.slice(bugsBefore)).toEqual([])
  expect(await tables.contents()).toEqual(before)
})

/** A refusal as the contract words it. */
const expectRefusal = (
  answer: Answer,
  expected: { code: string; status: number; field?: string | undefined },
): void => {
  expect(answer.errors.map((error) => error.extensions['code'])).toContain(expected.code)
  expect(answer.status).toBe(expected.status)
  for (const error of answer.errors) {
    expect(Object.keys(failureSentences)).toContain(error.extensions['code'])
    expect(error.extensions['code']).not.toBe('INTERNAL')
    expect(error.extensions['requestId']).toBe(answer.headers.get('x-request-id'))
    expect(error.message).not.toBe('')
    expect(error).not.toHaveProperty('stack')
    expect(error.extensions).not.toHaveProperty('stacktrace')
    expect(error.extensions).not.toHaveProperty('reason')
  }
  if (expected.field !== undefined) expect(answer.errors[0]?.extensions['field']).toBe(expected.field)
}

const me = '{ me { id } }'

test.each([
  ['nothing', ''],
  ['malformed JSON', '{"query": '],
  ['text', 'hello'],
  ['a JSON string', '"{ me { id } }"'],
  ['a JSON number', '5'],
  ['null', 'null'],
  ['an empty list', '[]'],
  ['a batch', JSON.stringify([{ query: me }, { query: me }])],
  ['a batch of a thousand', JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: me })))],
  ['no query', '{}'],
  ['an empty query', '{"query":""}'],
  ['a query that is a number', '{"query":5}'],
  ['a query that is an object', '{"query":{}}'],
  ['variables that are a text', JSON.stringify({ query: me, variables: 'x' })],
  ['variables that are a list', JSON.stringify({ query: me, variables: [1] })],
  ['variables that are a number', JSON.stringify({ query: me, variables: 1 })],
  ['an operation name that is an object', JSON.stringify({ query: me, operationName: {} })],
  ['an unknown operation name', JSON.stringify({ query: me, operationName: 'x' })],
  ['extensions that are a text', JSON.stringify({ query: me, extensions: 'x' })],
  ['a poisoned prototype', '{"query":"{ me { id } }","__proto__":{"admin":true}}'],
  ['a poisoned constructor', '{"query":"{ me { id } }","constructor":{"prototype":{"admin":true}}}'],
  ['a syntax error', JSON.stringify({ query: '{ me { id }' })],
  ['two operations and no name', JSON.stringify({ query: 'query A { me { id } } query B { me { id } }' })],
  ['an unknown field', JSON.stringify({ query: '{ me { passwordHash } }' })],
  ['an unknown argument', JSON.stringify({ query: '{ challenge(id: "1", admin: true) { id } }' })],
  ['an unknown variable', JSON.stringify({ query: '{ challenge(id: $id) { id } }' })],
  ['a missing argument', JSON.stringify({ query: '{ challenge { id } }' })],
  ['an argument of another type', JSON.stringify({ query: '{ handleAvailable(handle: 5) }' })],
  ['a missing variable', JSON.stringify({ query: 'query ($h: String!) { handleAvailable(handle: $h) }' })],
  [
    'null for a value',
    JSON.stringify({ query: 'query ($h: String!) { handleAvailable(handle: $h) }', variables: { h: null } }),
  ],
  [
    'a list for a value',
    JSON.stringify({
      query: 'query ($h: String!) { handleAvailable(handle: $h) }',
      variables: { h: ['abc'] },
    }),
  ],
  [
    'an object for a value',
    JSON.stringify({
      query: 'query ($h: String!) { handleAvailable(handle: $h) }',
      variables: { h: { $ne: '' } },
    }),
  ],
  ['an object without fields asked', JSON.stringify({ query: '{ me }' })],
  ['a fragment of itself', JSON.stringify({ query: '{ me { ...A } } fragment A on Account { id ...A }' })],
  [
    'fragments of each other',
    JSON.stringify({
      query: '{ me { ...A } } fragment A on Account { ...B } fragment B on Account { ...A }',
    }),
  ],
  ['an unknown fragment', JSON.stringify({ query: '{ me { ...A } }' })],
  ['an unknown directive', JSON.stringify({ query: '{ me @everything { id } }' })],
])('%s is refused as bad input, with 400', async (_name, body) => {
  expectRefusal(await idem.post(body), { code: 'BAD_USER_INPUT', status: 400 })
})

test.each([70_000, 5_000_000])('a body of %d bytes is refused as too large, with 413', async (length) => {
  const body = JSON.stringify({ query: me, variables: { x: 'x'.repeat(length) } })
  expectRefusal(await idem.post(body), { code: 'QUERY_TOO_COSTLY', status: 413 })
})

test('a persisted query is refused: queries are sent in full', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } }
  expectRefusal(await idem.post(JSON.stringify({ extensions })), { code: 'BAD_USER_INPUT', status: 200 })
})

test.each([
  [
    'a query of 100 levels',
    JSON.stringify({ query: `{${'__schema{types{fields{'.repeat(33)}name${'}'.repeat(100)}` }),
  ],
  [
    'a query of 50 levels in fragments',
    JSON.stringify({
      query: `{ me { ...F0 } } ${Array.from({ length: 50 }, (_, index) => `fragment F${index} on Account { sessions { id } ${index < 49 ? `...F${index + 1}` : ''} }`).join(' ')}`,
    }),
  ],
  [
    '1,000 aliases',
    JSON.stringify({
      query: `{ ${Array.from({ length: 1_000 }, (_, index) => `a${index}: __typename`).join(' ')} }`,
    }),
  ],
  [
    '16 aliases of one mutation',
    JSON.stringify({
      query: `mutation { ${Array.from({ length: 16 }, (_, index) => `a${index}: signIn(input: { proof: { anonymous: {} } }) { provisioned }`).join(' ')} }`,
    }),
  ],
  ['20,000 tokens', JSON.stringify({ query: `{ ${'__typename '.repeat(5_000)} }` })],
  ['a list of 5,000 brackets', JSON.stringify({ query: `{ handleAvailable(handle: ${'['.repeat(5_000)}` })],
])('%s is refused as too costly, with 400', async (_name, body) => {
  const answer = await idem.post(body)
  expect(['QUERY_TOO_COSTLY', 'BAD_USER_INPUT']).toContain(codeOf(answer))
  expectRefusal(answer, { code: String(codeOf(answer)), status: 400 })
})

test.each([
  ['1,000 aliases', `{ ${Array.from({ length: 1_000 }, (_, index) => `a${index}: __typename`).join(' ')} }`],
  ['16 aliases', `{ ${Array.from({ length: 16 }, (_, index) => `a${index}: me { id }`).join(' ')} }`],
  ['5,000 fields', `{ ${'__typename '.repeat(5_000)} }`],
  [
    'aliases hidden in fragments',
    `{ ...A ...B } fragment A on Query { ${Array.from({ length: 9 }, (_, index) => `a${index}: me { id }`).join(' ')} } fragment B on Query { ${Array.from({ length: 9 }, (_, index) => `b${index}: me { id }`).join(' ')} }`,
  ],
])('the limits call %s QUERY_TOO_COSTLY', async (_name, query) => {
  expectRefusal(await idem.ask(query), { code: 'QUERY_TOO_COSTLY', status: 400 })
})

test('fragments that spread each other many times over are refused at once', async () => {
  const fragments = Array.from(
    { length: 30 },
    (_, index) => `fragment F${index} on Account { id ...F${index + 1} ...F${index + 1} ...F${index + 1} }`,
  )
  const query = `{ me { ...F0 } } ${fragments.join(' ')} fragment F30 on Account { id }`
  const startedAt = performance.now()
  const answer = await idem.ask(query)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  if (answer.errors.length > 0) expectRefusal(answer, { code: String(codeOf(answer)), status: 400 })
})

const issue = 'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }'
const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'

test.each([
  ['neither of a one-of', issue, { input: {} }],
  ['null for one of a one-of', issue, { input: { key: null } }],
  ['both of a one-of', signIn, { input: { proof: { anonymous: {}, key: { signature: 'x' } } } }],
  ['one of a one-of and null for the other', signIn, { input: { proof: { anonymous: {}, key: null } } }],
  ['an empty proof', signIn, { input: { proof: {} } }],
  ['no proof', signIn, { input: {} }],
  ['an unknown method', signIn, { input: { proof: { telepathy: { thought: 'a' } } } }],
  ['an unknown field of an input', signIn, { input: { proof: { anonymous: { admin: true } } } }],
  ['a key without its public key', issue, { input: { key: {} } }],
  [
    'an unknown purpose',
    'mutation ($input: ChallengeRequest!, $p: ChallengePurpose!) { issueChallenge(input: $input, purpose: $p) { id } }',
    { input: { key: { publicKey: 'x' } }, p: 'ROOT' },
  ],
])('%s is refused by the schema', async (_name, query, variables) => {
  expectRefusal(await idem.ask(query, variables), { code: 'BAD_USER_INPUT', status: 400 })
})

test('another signature scheme is refused and named', async () => {
  const answer = await idem.ask(issue, { input: { key: { publicKey: owner.publicKey, scheme: 'rsa' } } })
  expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'scheme' })
})

test.each([
  ['too short', Buffer.alloc(31, 7).toString('base64')],
  ['no base64', '*'.repeat(44)],
  ['one character', 'A'],
  ['too long for a secret', Buffer.alloc(2_000, 7).toString('base64')],
  ['empty', ''],
  ['blanks', ' '.repeat(44)],
  ['base64 with a blank inside', `${'A'.repeat(22)} ${'A'.repeat(22)}`],
])('a device secret that is %s is refused, and opens no account', async (_name, deviceSecret) => {
  const answer = await idem.ask(signIn, { input: { proof: { anonymous: { deviceSecret } } } })
  expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'deviceSecret' })
})

test.each([
  ['too long', 'x'.repeat(101)],
  ['with a line break', 'a\nb'],
  ['with a space of no width', 'a\u200bb'],
  ['of spaces of no width', '\u200b'.repeat(15)],
  ['of a hundred accents', `a${'\u0301'.repeat(100)}`],
  ['with an escape sequence', '\u001b[31mred'],
])('a device name %s is refused', async (_name, deviceName) => {
  const answer = await idem.ask(signIn, { input: { proof: { anonymous: { deviceName } } } })
  expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'deviceName' })
})

test('a proof that answers a challenge needs one, and an anonymous proof has none to name', async () => {
  const missing = await idem.ask(signIn, { input: { proof: { key: { signature: owner.sign('x') } } } })
  expectRefusal(missing, { code: 'BAD_USER_INPUT', status: 200, field: 'challengeId' })
})

const flip = (text: string, index: number): string =>
  `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`

test('a challenge id that was tampered with, at any part, is none of ours', async () => {
  const challenge = await owner.challenge()
  const dots = [...challenge.id.matchAll(/\./g)].map((match) => match.index)
  const places = [2, 20, ...dots.map((dot) => dot + 1), challenge.id.length - 6].filter(
    (place) => challenge.id[place] !== '.',
  )
  const changed = places.map((place) => flip(challenge.id, place))
  for (const id of [
    ...changed,
    '',
    'x',
    '....',
    `${challenge.id}.`,
    challenge.id.slice(1),
    'a'.repeat(60_000),
  ]) {
    const answer = await idem.ask(signIn, { input: { ...owner.answer(challenge), challengeId: id } })
    expectRefusal(answer, { code: 'PROOF_REJECTED', status: 200 })
    const asked = await idem.ask('query ($id: ID!) { challenge(id: $id) { status } }', { id })
    expectRefusal(asked, { code: 'NOT_FOUND', status: 200 })
  }
})

test('a challenge expires after 30 seconds, to the second', async () => {
  const [early, late] = [await owner.challenge(), await owner.challenge()]
  const statusOf = async (id: string) =>
    dataOf(await idem.ask('query ($id: ID!) { challenge(id: $id) { status } }', { id })).challenge.status
  expect(Date.parse(late.expiresAt) - idem.clock.now().getTime()).toBeLessThanOrEqual(30_000)
  idem.clock.advance(29)
  expect(await statusOf(early.id)).toBe('PENDING')
  idem.clock.advance(1.1)
  expect(await statusOf(late.id)).toBe('EXPIRED')
  expectRefusal(await idem.ask(signIn, { input: owner.answer(late) }), {
    code: 'CHALLENGE_EXPIRED',
    status: 200,
  })
})

const stepUp = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken } }'
const link = 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id } } }'

test('a challenge of another purpose is refused, whichever of the three', async () => {
  const { accessToken } = signedIn
  const newKey = new KeyOwner(idem)
  const use = { SIGN_IN: signIn, STEP_UP: stepUp, LINK_IDENTITY: link }
  for (const issued of Object.keys(use)) {
    const key = issued === 'LINK_IDENTITY' ? newKey : owner
    const challenge = await key.challenge({ purpose: issued, accessToken })
    for (const [used, query] of Object.entries(use)) {
      if (used === issued) continue
      const answer = await idem.askAs(accessToken, query, { input: key.answer(challenge) })
      expectRefusal(answer, { code: 'PROOF_REJECTED', status: 200 })
    }
  }
})

test('a challenge of another session is refused, be it of the same account', async () => {
  for (const purpose of ['STEP_UP', 'LINK_IDENTITY']) {
    const key = purpose === 'STEP_UP' ? owner : new KeyOwner(idem)
    const challenge = await key.challenge({ purpose, accessToken: signedIn.accessToken })
    const answer = await idem.askAs(stranger.accessToken, purpose === 'STEP_UP' ? stepUp : link, {
      input: key.answer(challenge),
    })
    expectRefusal(answer, { code: 'PROOF_REJECTED', status: 200 })
  }
})

test('a challenge of another key is refused', async () => {
  const challenge = await owner.challenge()
  const answer = await idem.ask(signIn, { input: new KeyOwner(idem).answer(challenge) })
  expectRefusal(answer, { code: 'PROOF_REJECTED', status: 200 })
})

test('a challenge to step up or to link is not issued to nobody', async () => {
  for (const purpose of ['STEP_UP', 'LINK_IDENTITY']) {
    const query = `mutation ($input: ChallengeRequest!) { issueChallenge(input: $input, purpose: ${purpose}) { id } }`
    const answer = await idem.ask(query, { input: { key: { publicKey: owner.publicKey } } })
    expectRefusal(answer, { code: 'UNAUTHENTICATED', status: 200 })
  }
})

test('a guest cannot be linked to anything', async () => {
  const answer = await idem.askAs(signedIn.accessToken, link, { input: { proof: { anonymous: {} } } })
  expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'proof' })
})

test('a label that is too long or holds control characters is refused', async () => {
  const key = new KeyOwner(idem)
  for (const label of ['x'.repeat(101), 'a\u0007b', 'a\u0085b', 'a\u202eb', '\u3164', '\u0301a']) {
    const answer = await key.link(signedIn.accessToken, label)
    expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'label' })
  }
})

test.each(
  ['', '1', 'x', 'null', '00000000-0000-0000-0000-00000000000g', "' or 1=1 --", '0'.repeat(10_000)].map(
    (id) => [id.slice(0, 40), id] as const,
  ),
)('the id "%s" is no id of a session or identity', async (_shown, id) => {
  for (const field of ['revokeSession', 'unlinkIdentity { id }']) {
    const query = `mutation ($id: ID!) { ${field.replace(' {', '(id: $id) {').replace(/^(\w+)$/, '$1(id: $id)')} }`
    const answer = await idem.askAs(signedIn.accessToken, query, { id })
    expectRefusal(answer, { code: 'BAD_USER_INPUT', status: 200, field: 'id' })
  }
})

test("other people's sessions and identities are not found, just as those that never were", async () => {
  const { me: other } = dataOf(await askMe(idem, stranger.accessToken))
  const ids = {
    revokeSession: [sessionIdOf(stranger.accessToken), '00000000-0000-7000-8000-000000000000'],
    unlinkIdentity: [other.identities[0].id, '00000000-0000-7000-8000-000000000000'],
  }
  for (const [field, [theirs, nobodys]] of Object.entries(ids)) {
    const query = `mutation ($id: ID!) { ${field}(id: $id) ${field === 'unlinkIdentity' ? '{ id }' : ''} }`
    const answers = [
      await idem.askAs(signedIn.accessToken, query, { id: theirs }),
      await idem.askAs(signedIn.accessToken, query, { id: nobodys }),
    ]
    for (const answer of answers) expectRefusal(answer, { code: 'NOT_FOUND', status: 200 })
    expect(answers[0]?.errors[0]?.message).toBe(answers[1]?.errors[0]?.message)
  }
})

test.each([
  ['empty', ''],
  ['one letter', 'x'],
  ['only a prefix', 'idr_'],
  ['all zeros', `idr_${'A'.repeat(70)}`],
  ['very long', `idr_${'A'.repeat(35_000)}`],
  ['a JWT', 'eyJhbGciOiJub25lIn0.e30.'],
])('a refresh token that is %s is none of ours', async (_what, refreshToken) => {
  const answer = await idem.ask(
    'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
    { input: { refreshToken } },
  )
  expectRefusal(answer, { code: 'UNAUTHENTICATED', status: 200 })
})

test('a refresh token changed by one character, or with a generation or session of its own, is none of ours', async () => {
  const { refreshToken } = signedIn
  const bytes = Buffer.from(refreshToken.slice(4), 'base64url')
  const changed = [0, 15, 16, 19, 20, 51].map((index) => {
    const copy = Buffer.from(bytes)
    copy[index] = (copy[index] ?? 0) ^ 1
    return `idr_${copy.toString('base64url')}`
  })
  for (const token of changed) {
    const answer = await idem.ask(
      'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
      { input: { refreshToken: token } },
    )
    expectRefusal(answer, { code: 'UNAUTHENTICATED', status: 200 })
  }
  expect(claimsOf(signedIn.accessToken)['sub']).toBe(signedIn.accountId)
})

test('what is sent to other content types is not read', async () => {
  const body = JSON.stringify({
    query: 'mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }',
  })
  for (const contentType of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    'application/xml',
    'text/html',
    'x',
  ])
    expectRefusal(await idem.post(body, { 'content-type': contentType }), {
      code: 'BAD_USER_INPUT',
      status: 415,
    })
})
