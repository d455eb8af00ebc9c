// What browsers, proxies and strangers get from the HTTP side: CORS, CSRF, headers, health, and clear refusals.
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, dataOf } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const front = 'https://app.example.org'

let idem: TestService
let hidden: TestService
let tables: Tables
beforeAll(async () => {
  idem = await startTestService({ environment: { IDEM_ALLOWED_ORIGINS: `${front}, http://localhost:5173` } })
  hidden = await startTestService({
    environment: { IDEM_INTROSPECTION: 'off', IDEM_PUBLIC_URL: 'https://id.example.org' },
  })
  tables = await Tables.open(idem.databaseUrl)
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
  await hidden.stop()
})

const signIn = JSON.stringify({
  query: 'mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }',
})

/** As a browser sends it: `fetch` does not let a caller set `origin`. */
const send = async (
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> =>
  await new Promise((resolve, reject) => {
    const call = request(`${idem.url}${path}`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    call.on('error', reject)
    call.end(body)
  })

const preflight = async (origin: string) =>
  await send('OPTIONS', '/graphql', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  })

test('an allowed origin may call with a bearer, and read what it needs of the answer', async () => {
  for (const origin of [front, 'http://localhost:5173']) {
    const asked = await preflight(origin)
    expect(asked.status).toBe(204)
    expect(asked.headers['access-control-allow-origin']).toBe(origin)
    expect(String(asked.headers['access-control-allow-headers']).toLowerCase()).toContain('authorization')
    expect(String(asked.headers['access-control-allow-methods'])).toContain('POST')
    const answer = await send('POST', '/graphql', { origin, 'content-type': 'application/json' }, signIn)
    expect(answer.headers['access-control-allow-origin']).toBe(origin)
    expect(answer.headers['vary']).toMatch(/origin/i)
    for (const name of ['www-authenticate', 'retry-after', 'x-request-id'])
      expect(String(answer.headers['access-control-expose-headers']).toLowerCase()).toContain(name)
    // No cookies are used, so no browser is asked to send any.
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
})

test('only a page of an allowed origin is told what it may read, and no cache gives it the answer for another', async () => {
  for (const headers of [{}, { origin: 'https://evil.example' }]) {
    const answer = await send('POST', '/graphql', { ...headers, 'content-type': 'application/json' }, signIn)
    expect(answer.headers['vary']).toMatch(/origin/i)
    expect(answer.headers['access-control-expose-headers']).toBeUndefined()
  }
})

test('OPTIONS is served for preflights alone', async () => {
  for (const headers of [{}, { origin: front }, { 'access-control-request-method': 'POST' }]) {
    const answer = await send('OPTIONS', '/graphql', headers)
    expect(answer.status).toBe(405)
    expect(JSON.parse(answer.body).errors[0].extensions.code).toBe('BAD_USER_INPUT')
  }
})

test('a refusal reaches an allowed origin as well', async () => {
  const refused = await send(
    'POST',
    '/graphql',
    { origin: front, 'content-type': 'application/json', authorization: 'Bearer x' },
    signIn,
  )
  expect(refused.status).toBe(401)
  expect(refused.headers['access-control-allow-origin']).toBe(front)
  const missing = await send('GET', '/nothing', { origin: front })
  expect(missing.headers['access-control-allow-origin']).toBe(front)
})

test.each([
  'https://evil.example',
  'https://app.example.org.evil.example',
  'http://app.example.org',
  'https://app.example.org:8443',
  'null',
  'http://localhost:5174',
])('the foreign origin %s is not allowed to read anything', async (origin) => {
  const asked = await preflight(origin)
  expect(asked.headers['access-control-allow-origin']).toBeUndefined()
  const answer = await send('POST', '/graphql', { origin, 'content-type': 'application/json' }, signIn)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
})

test('in development any origin of this machine is allowed, in no case one that only looks so', async () => {
  const plain = await startTestService()
  try {
    const allowed = async (origin: string) =>
      (
        await fetch(`${plain.url}/graphql`, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'POST' },
        })
      ).headers.get('access-control-allow-origin')
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1:8080', 'https://localhost'])
      expect(await allowed(origin)).toBe(origin)
    for (const origin of [
      'http://localhost.evil.example',
      'http://evil.example',
      'http://127.0.0.1.evil.example',
    ])
      expect(await allowed(origin)).toBeNull()
  } finally {
    await plain.stop()
  }
})

test('what a form or an image on a foreign page can send changes nothing', async () => {
  const before = await tables.contents()
  const sent = [
    await send('POST', '/graphql', { 'content-type': 'text/plain' }, signIn),
    await send(
      'POST',
      '/graphql',
      { 'content-type': 'application/x-www-form-urlencoded' },
      `query=${signIn}`,
    ),
    await send('POST', '/graphql', { 'content-type': 'multipart/form-data; boundary=x' }, signIn),
    await send('POST', '/graphql', {}, signIn),
    await send('POST', '/graphql', { 'content-type': 'text/plain;application/json' }, signIn),
  ]
  for (const answer of sent) {
    expect(answer.status).toBe(415)
    expect(JSON.parse(answer.body).errors[0].extensions.code).toBe('BAD_USER_INPUT')
  }
  expect(await tables.contents()).toEqual(before)
})

test('a GET of /graphql changes nothing and says where to go', async () => {
  const before = await tables.contents()
  const query = encodeURIComponent('mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }')
  for (const path of [`/graphql?query=${query}`, '/graphql?query={me{id}}', '/graphql']) {
    const answer = await fetch(`${idem.url}${path}`, { headers: { 'content-type': 'application/json' } })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
    const body = (await answer.json()) as { errors: { extensions: object }[] }
    expect(body.errors[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      requestId: answer.headers.get('x-request-id'),
    })
  }
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const answer = await fetch(`${idem.url}/graphql`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: signIn,
    })
    expect(answer.status).toBe(405)
  }
  expect(await tables.contents()).toEqual(before)
})

test('every answer tells browsers to be strict', async () => {
  for (const path of ['/', '/healthz', '/nothing', '/.well-known/jwks.json', '/graphql']) {
    const { headers } = await fetch(`${idem.url}${path}`)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBeTruthy()
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('server')).toBeNull()
    // Over http there is nothing to be strict about.
    expect(headers.get('strict-transport-security')).toBeNull()
  }
  const { headers } = await fetch(`${hidden.url}/`)
  expect(headers.get('strict-transport-security')).toContain('max-age=31536000')
})

test.each([
  [undefined, 200, 'application/json; charset=utf-8'],
  ['*/*', 200, 'application/json; charset=utf-8'],
  ['application/json', 200, 'application/json; charset=utf-8'],
  ['application/*;q=0.5, text/html', 200, 'application/json; charset=utf-8'],
  ['application/graphql-response+json', 200, 'application/graphql-response+json; charset=utf-8'],
  [
    'application/graphql-response+json, application/json;q=0.9',
    200,
    'application/graphql-response+json; charset=utf-8',
  ],
  ['text/html', 406, 'application/json; charset=utf-8'],
])('an answer to a client that accepts %s is %d of %s', async (accept, status, type) => {
  const headers = { 'content-type': 'application/json', ...(accept === undefined ? {} : { accept }) }
  const answer = await send('POST', '/graphql', headers, '{"query":"{ __typename }"}')
  expect([answer.status, answer.headers['content-type']]).toEqual([status, type])
})

test('no answer of GraphQL is kept by a cache: it may hold tokens', async () => {
  const refused = await idem.post(signIn, { authorization: 'Bearer x' })
  expect(refused.status).toBe(401)
  for (const answer of [await idem.post(signIn), await idem.post('{}'), refused])
    expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('an unknown path is a 404 of the usual shape', async () => {
  for (const path of [
    '/nothing',
    '/admin',
    '/.env',
    '/graphql/../secret',
    '/%ff',
    '/%zz',
    '/a'.repeat(500),
  ]) {
    const answer = await fetch(`${idem.url}${path}`)
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true])
    const body = (await answer.json()) as {
      errors: { extensions: Record<string, unknown>; message: string }[]
    }
    expect([path, body.errors?.[0]?.extensions['code']]).toEqual([
      path,
      answer.status === 404 ? 'NOT_FOUND' : 'BAD_USER_INPUT',
    ])
    expect(body.errors[0]?.extensions['requestId']).toBeTruthy()
    expect(body.errors[0]?.message).not.toContain(path)
  }
})

test('healthz lives, readyz is ready, metrics count', async () => {
  const health = await fetch(`${idem.url}/healthz`)
  expect([health.status, await health.json()]).toEqual([
    200,
    { status: 'ok', instanceId: expect.any(String) },
  ])
  const ready = await fetch(`${idem.url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ready', database: 'up', draining: false },
  ])
  await signInAsGuest(idem)
  await idem.ask('{ handleAvailable(handle: "x") }')
  const metrics = await (await fetch(`${idem.url}/metrics`)).text()
  expect(metrics).toMatch(/^idem_sign_ins_total\{method="anonymous"\} [1-9]/m)
  expect(metrics).toMatch(/^idem_refusals_total\{code="BAD_USER_INPUT"\} [1-9]/m)
  expect(metrics).toMatch(/^idem_database_up 1$/m)
  expect(metrics).toMatch(/^idem_http_request_seconds_count\{route="\/graphql",status="200"\} [1-9]/m)
  expect(metrics).toMatch(/^process_resident_memory_bytes [1-9]/m)
  // A path that a stranger made up is no label: it could be a secret, and there is no end of them.
  expect(metrics).not.toContain('/nothing')
})

test('with introspection off neither the schema nor a suggestion of it is shown', async () => {
  for (const query of [
    '{ __schema { types { name } } }',
    '{ __type(name: "Account") { fields { name } } }',
    '{ a: __schema { queryType { name } } }',
    '{ ...A } fragment A on Query { __schema { types { name } } }',
  ]) {
    const refused = await hidden.ask(query)
    expect(codeOf(refused)).toBe('BAD_USER_INPUT')
    expect(refused.status).toBe(400)
    expect(refused.data).toBeNull()
  }
  for (const query of [
    '{ mee { id } }',
    '{ me { identitie { id } } }',
    '{ challenge(idd: "x") { id } }',
    'mutation { signIn(input: { proof: { anonymouse: {} } }) { provisioned } }',
    'mutation ($i: SignInInputt!) { signIn(input: $i) { provisioned } }',
    'mutation { issueChallenge(input: { key: { publicKey: "x" } }, purpose: SIGN_INN) { id } }',
  ]) {
    const refused = await hidden.ask(query)
    expect(codeOf(refused)).toBe('BAD_USER_INPUT')
    expect(JSON.stringify(refused.errors)).not.toMatch(/did you mean/i)
  }
  expect(dataOf(await hidden.ask('{ __typename me { __typename } }')).__typename).toBe('Query')
  expect(JSON.stringify((await idem.ask('{ mee { id } }')).errors)).toMatch(/did you mean/i)
  expect(dataOf(await idem.ask('{ __schema { queryType { name } } }')).__schema.queryType.name).toBe('Query')
})

test('suggestions stay hidden for wrong variables, too', async () => {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  const refused = await hidden.ask(query, { input: { proof: { anonymous: { deviceSecrets: 'x' } } } })
  expect(codeOf(refused)).toBe('BAD_USER_INPUT')
  expect(JSON.stringify(refused.errors)).not.toMatch(/did you mean|"deviceSecret"/i)
})

test('each request has an id of its own, in the answer, the errors and the log', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      idem.ask('{ handleAvailable(handle: "x") }', {}, { 'x-request-id': 'chosen' }),
    ),
  )
  const ids = answers.map((answer) => answer.headers.get('x-request-id'))
  expect(new Set(ids).size).toBe(20)
  expect(ids).not.toContain('chosen')
  for (const answer of answers) {
    const id = answer.headers.get('x-request-id')
    expect(answer.errors[0]?.extensions['requestId']).toBe(id)
    const lines = idem.logLines.filter((line) => line.includes(String(id)))
    expect(lines.map((line) => JSON.parse(line).msg).sort()).toEqual(['refused', 'request'])
  }
})
