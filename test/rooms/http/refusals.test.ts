// Every refusal of the HTTP side has a status of RFC 9110, a code of the closed list and a request id.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureSentences } from '../../../src/failure.js'
import { dataOf } from '../../support/calls.js'
import { requestStream } from '../../support/event-stream.js'
import { type RawAnswer, sendRaw } from '../../support/raw-http.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile({ environment: {} })

/** The request with a body of JSON, after which the connection is closed. */
const posting = (head: string, body = '{"query":"{ __typename }"}'): string =>
  `${head}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
const getting = (head: string): string => `${head}\r\nconnection: close\r\n\r\n`

interface Refused {
  readonly code: unknown
  readonly message: string
}

/** Checks the one shape of all refusals. */
const refusalOf = ({ headers, body }: RawAnswer): Refused => {
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  const { errors, ...others } = JSON.parse(body) as {
    errors: { message: string; extensions: Record<string, unknown> }[]
  }
  expect(others).toEqual({})
  expect(errors).toHaveLength(1)
  const [{ message, extensions } = { message: '', extensions: {} }] = errors
  expect(Object.keys(failureSentences)).toContain(extensions['code'])
  expect(extensions['requestId']).toBe(headers.get('x-request-id'))
  const lines = idem.logLines
    .filter((line) => line.includes(String(extensions['requestId'])))
    .map((line) => JSON.parse(line))
  expect(lines).toContainEqual(expect.objectContaining({ level: 'info', msg: 'refused' }))
  return { code: extensions['code'], message }
}

const refused = async (sent: string | Buffer): Promise<Refused & Pick<RawAnswer, 'status' | 'headers'>> => {
  const answer = await sendRaw(idem.url, sent)
  return { status: answer.status, headers: answer.headers, ...refusalOf(answer) }
}

test.each([
  ['HTTP/1.0 without a Host', posting('POST /graphql HTTP/1.0')],
  ['HTTP/1.1 without a Host', posting('POST /graphql HTTP/1.1')],
  ['an empty Host', posting('POST /graphql HTTP/1.1\r\nhost:')],
  ['a Host with a blank', posting('POST /graphql HTTP/1.1\r\nhost: a b')],
  ['a Host with half of brackets', posting('POST /graphql HTTP/1.1\r\nhost: [::1')],
  ['brackets around no address', posting('POST /graphql HTTP/1.1\r\nhost: [a.b]')],
  ['a Host with a path', posting('POST /graphql HTTP/1.1\r\nhost: localhost/x')],
  ['a Host with a user', posting('POST /graphql HTTP/1.1\r\nhost: ada@localhost')],
  ['a port that is no number', posting('POST /graphql HTTP/1.1\r\nhost: localhost:x')],
  ['two Hosts', posting('POST /graphql HTTP/1.1\r\nhost: localhost\r\nhost: localhost')],
  ['a page without a Host', getting('GET / HTTP/1.1')],
  ['a stream without a Host', posting('POST /graphql/stream HTTP/1.0')],
  ['a probe with a Host that is none', getting('GET /readyz HTTP/1.1\r\nhost: a b')],
  ['nothing that is served, without a Host', getting('GET /nothing HTTP/1.0')],
])('%s is a clear 400', async (_what, sent) => {
  expect(await refused(sent)).toMatchObject({
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'Send one Host header with a host name or an address.',
  })
})

test.each([
  'localhost',
  'LOCALHOST:80',
  'id.example.org',
  'xn--bcher-kva.example',
  '127.0.0.1:4000',
  '[::1]',
  '[::1]:80',
  'a_b',
])('the Host %s is one', async (host) => {
  const { status } = await sendRaw(idem.url, posting(`POST /graphql HTTP/1.1\r\nhost: ${host}`))
  expect(status).toBe(200)
})

test('the probe of a load balancer, which speaks HTTP/1.0 without a Host, is answered', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect((await sendRaw(idem.url, `GET ${path} HTTP/1.0\r\n\r\n`)).status).toBe(200)
})

const host = 'HTTP/1.1\r\nhost: localhost'

test.each([
  ['a method that is none', `FOO / ${host}\r\n\r\n`, 400, 'BAD_USER_INPUT'],
  ['what is not HTTP', 'garbage\r\n\r\n', 400, 'BAD_USER_INPUT'],
  ['a TLS handshake', Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]), 400, 'BAD_USER_INPUT'],
  ['a version that is none', 'GET / HTTP/9.9\r\n\r\n', 400, 'BAD_USER_INPUT'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'BAD_USER_INPUT'],
  ['a target that is none', getting(`GET healthz ${host}`), 400, 'BAD_USER_INPUT'],
  ['a header with a blank in its name', getting(`GET / ${host}\r\na b: c`), 400, 'BAD_USER_INPUT'],
  ['two lengths', posting(`POST /graphql ${host}\r\ncontent-length: 5`), 400, 'BAD_USER_INPUT'],
  [
    'a length and chunks',
    posting(`POST /graphql ${host}\r\ntransfer-encoding: chunked`),
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a coding of transfer that is none',
    posting(`POST /graphql ${host}\r\ntransfer-encoding: gzip`),
    400,
    'BAD_USER_INPUT',
  ],
  [
    'headers that are too long',
    getting(`GET / ${host}\r\nx: ${'x'.repeat(20_000)}`),
    431,
    'QUERY_TOO_COSTLY',
  ],
  ['an address that is too long', getting(`GET /${'x'.repeat(20_000)} ${host}`), 431, 'QUERY_TOO_COSTLY'],
  [
    'a part of an address that is too long',
    getting(`GET /mailbox/${'x'.repeat(500)} ${host}`),
    414,
    'BAD_USER_INPUT',
  ],
  ['an escape that is none', getting(`GET /mailbox/a%zz ${host}`), 400, 'BAD_USER_INPUT'],
  ['an expectation that is none', posting(`POST /graphql ${host}\r\nexpect: tea`), 417, 'BAD_USER_INPUT'],
  ['what nobody serves', getting(`GET /nothing ${host}`), 404, 'NOT_FOUND'],
  [
    'a form at what nobody serves',
    posting(`POST /nothing ${host}\r\ncontent-type: text/plain`),
    404,
    'NOT_FOUND',
  ],
  ['JSON that is none', posting(`POST /graphql ${host}`, '{'), 400, 'BAD_USER_INPUT'],
  ['JSON of nothing', posting(`POST /graphql ${host}`, ''), 400, 'BAD_USER_INPUT'],
  [
    'a body that is too large',
    posting(`POST /graphql ${host}`, `"${'x'.repeat(70_000)}"`),
    413,
    'QUERY_TOO_COSTLY',
  ],
  [
    'a body of chunks that is too large',
    `POST /graphql ${host}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n20000\r\n${'x'.repeat(131_072)}\r\n0\r\n\r\n`,
    413,
    'QUERY_TOO_COSTLY',
  ],
  [
    'a body of chunks that is none',
    `POST /graphql ${host}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    400,
    'BAD_USER_INPUT',
  ],
])('%s: %#', async (_what, sent, status, code) => {
  expect(await refused(sent)).toMatchObject({ status, code })
})

test('a malformed request while a stream is open on the connection adds nothing to the stream', async () => {
  const issue = 'mutation { issueChallenge(input: { email: { address: "a@example.org" } }) { id } }'
  const { id } = dataOf(await idem.ask(issue)).issueChallenge
  const query = JSON.stringify({ query: `subscription { challengeUpdated(id: "${id}") { status } }` })
  const sent = `POST /graphql/stream ${host}\r\ncontent-type: application/json\r\ncontent-length: ${query.length}\r\n\r\n${query}`
  const { status, body } = await sendRaw(idem.url, sent, { after: 'PENDING', text: 'garbage\r\n\r\n' })
  expect(status).toBe(200)
  expect(body).toContain('PENDING')
  expect(body).not.toContain('HTTP/1.1')
})

test.each([
  ['/', 'GET, HEAD', ['POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY']],
  ['/healthz', 'GET, HEAD', ['POST', 'DELETE']],
  ['/readyz', 'GET, HEAD', ['POST', 'PATCH']],
  ['/metrics', 'GET, HEAD', ['POST']],
  ['/.well-known/jwks.json', 'GET, HEAD', ['POST', 'PUT']],
  ['/.well-known/openid-configuration?x', 'GET, HEAD', ['POST']],
  ['/confirm', 'GET, HEAD, POST', ['PUT', 'DELETE']],
  ['/mailbox', 'GET, HEAD', ['POST', 'DELETE']],
  ['/mailbox/x', 'GET, HEAD', ['POST', 'DELETE']],
  ['/graphql', 'GET, HEAD, POST', ['PUT', 'PATCH', 'DELETE', 'OPTIONS']],
  ['/graphql/stream', 'POST', ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
])('%s serves %s: any other method is a 405 that says so', async (path, allow, methods) => {
  const before = await tables.contents()
  for (const method of methods) {
    const answer = await sendRaw(idem.url, posting(`${method} ${path} ${host}`))
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, allow])
    if (method !== 'HEAD') expect(refusalOf(answer).code).toBe('BAD_USER_INPUT')
  }
  expect(await tables.contents()).toEqual(before)
})

test.each([
  ['POST', '/%67raphql'],
  ['POST', '/graphql/s%74ream'],
  ['GET', '/%6detrics'],
  ['GET', '/%6Detrics?x'],
  ['GET', 'http://localhost/%6detrics'],
  ['GET', '/healthz#x'],
  ['GET', '/metrics#?x'],
  ['GET', '/%2e/metrics'],
  ['GET', '/mailbo%78/x'],
])(
  '%s %s is another spelling of what is served, with which a rule of a proxy is passed: a 404',
  async (method, path) => {
    const answer = await refused(posting(`${method} ${path} ${host}`))
    expect([answer.status, answer.code]).toEqual([404, 'NOT_FOUND'])
  },
)

test('another spelling of the confirm page is not found either, as a page', async () => {
  const { status, headers, body } = await sendRaw(idem.url, getting(`GET /confir%6d?token=x ${host}`))
  expect([status, headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  expect(body).toContain('We do not know this link')
})

test('an escape in a query is no other spelling', async () => {
  for (const path of ['/healthz?x=%20#', '/.well-known/jwks.json?%67', 'http://localhost/healthz?%'])
    expect((await sendRaw(idem.url, getting(`GET ${path} ${host}`))).status).toBe(200)
})

test('CONNECT, and OPTIONS of the whole server, are 405', async () => {
  for (const sent of [
    'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n',
    getting(`OPTIONS * ${host}`),
  ]) {
    const answer = await refused(sent)
    expect([answer.status, answer.code]).toEqual([405, 'BAD_USER_INPUT'])
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
  }
})

test('what is not JSON is a 415 that says what is', async () => {
  for (const path of ['/graphql', '/graphql/stream'])
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/graphql',
      'application/jsonx',
      'json',
      ';',
    ]) {
      const body = '{"query":"{ __typename }"}'
      const head = `POST ${path} ${host}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}`
      const answer = await refused(`${head}\r\nconnection: close\r\n\r\n${body}`)
      expect([type, answer.status, answer.headers.get('accept')]).toEqual([type, 415, 'application/json'])
      expect(answer.message).toBe('Send the body as application/json, and say so with content-type.')
    }
  const body = '{"query":"{ __typename }"}'
  const untyped = await refused(
    `POST /graphql ${host}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  expect(untyped.status).toBe(415)
})

test.each([
  ['a body that is too large', 'application/json', 70_000, 413],
  ['a body of another kind', 'text/plain', 30_000, 415],
])(
  '%s is read to its end, so that a client that still sends it gets the refusal',
  async (_what, type, length, status) => {
    const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`
    const next = `${'x'.repeat(length)}${posting('POST /graphql HTTP/1.1\r\nhost: localhost')}`
    const answer = await sendRaw(idem.url, head, { after: '\r\n\r\n', text: next })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('connection')).not.toBe('close')
    expect(answer.body).toContain('HTTP/1.1 200 OK')
  },
)

test('a body that is far too large is not read: the connection closes', async () => {
  const head =
    'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1048577\r\n\r\n'
  const { status, headers } = await sendRaw(idem.url, head)
  expect([status, headers.get('connection')]).toEqual([413, 'close'])
})

test('a compressed body is told so, whatever it says', async () => {
  const before = await tables.contents()
  const plain = '{"query":"mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }"}'
  for (const path of ['/graphql', '/graphql/stream'])
    for (const [coding, body] of [
      ['gzip', gzipSync(plain)],
      ['br', Buffer.from(plain)],
      ['identity, gzip', gzipSync(plain)],
    ] as const) {
      const head = `POST ${path} ${host}\r\ncontent-type: application/json\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
      const answer = await refused(Buffer.concat([Buffer.from(head), body]))
      expect([answer.status, answer.code, answer.headers.get('accept-encoding')]).toEqual([
        415,
        'BAD_USER_INPUT',
        'identity',
      ])
      expect(answer.message).toBe('Send the body without content-encoding: compressed bodies are not read.')
    }
  expect(await tables.contents()).toEqual(before)
  const identity = await sendRaw(idem.url, posting(`POST /graphql ${host}\r\ncontent-encoding: Identity`))
  expect(identity.status).toBe(200)
})

test('the form of the confirm page is refused with the same statuses, as a page', async () => {
  const send = async (headers: Record<string, string>, body: string) =>
    await fetch(`${idem.url}/confirm`, { method: 'POST', headers, body })
  const form = 'application/x-www-form-urlencoded'
  const answers = [
    await send({ 'content-type': 'application/json' }, '{}'),
    await send({ 'content-type': form, 'content-encoding': 'gzip' }, 'token=x'),
    await send({ 'content-type': form }, `token=${'x'.repeat(5_000)}`),
    await send({ 'content-type': form }, ''),
  ]
  expect(answers.map(({ status }) => status)).toEqual([415, 415, 413, 400])
  expect(answers[0]?.headers.get('accept')).toBe(form)
  expect((await sendRaw(idem.url, getting('GET /confirm?token=x HTTP/1.0'))).status).toBe(400)
  for (const answer of answers) {
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await answer.text()).not.toMatch(/went wrong/)
  }
})

test('a subscription at /graphql is a 406 that names its route, whatever the client accepts', async () => {
  const body = JSON.stringify({ query: 'subscription { challengeUpdated(id: "x") { status } }' })
  for (const accept of [
    'text/event-stream',
    '*/*',
    'application/json',
    'application/graphql-response+json',
  ]) {
    const answer = await idem.post(body, { accept })
    expect([accept, answer.status, answer.errors[0]?.extensions['code']]).toEqual([
      accept,
      406,
      'BAD_USER_INPUT',
    ])
    expect(answer.errors[0]?.message).toContain('POST /graphql/stream')
    expect(answer.errors[0]?.extensions['requestId']).toBe(answer.headers.get('x-request-id'))
  }
})

test('a mutation whose answer the client would not accept is refused before it is executed', async () => {
  const before = await tables.contents()
  const body = '{"query":"mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }"}'
  for (const accept of [
    'text/html',
    'text/event-stream',
    'application/json;q=0',
    'image/*',
    'application/json;charset=utf-16',
  ]) {
    const answer = await refused(posting(`POST /graphql ${host}\r\naccept: ${accept}`, body))
    expect([accept, answer.status, answer.code]).toEqual([accept, 406, 'BAD_USER_INPUT'])
  }
  expect(await tables.contents()).toEqual(before)
})

test('who does not accept events gets no stream', async () => {
  const response = await requestStream(idem, {
    body: '{"query":"subscription { x }"}',
    headers: { accept: 'application/json' },
  })
  expect(response.status).toBe(406)
  const { errors } = (await response.json()) as { errors: { message: string }[] }
  expect(errors[0]?.message).toMatch(/text\/event-stream/)
})

test('an empty operation name is none', async () => {
  const query = 'query A { __typename }'
  expect((await idem.post(JSON.stringify({ query, operationName: '' }))).data).toEqual({
    __typename: 'Query',
  })
  const two = await idem.post(JSON.stringify({ query: `${query} query B { __typename }`, operationName: '' }))
  expect([two.status, two.errors[0]?.message]).toEqual([
    400,
    'Must provide operation name if query contains multiple operations.',
  ])
  const body = JSON.stringify({
    query: 'subscription { challengeUpdated(id: "x") { status } }',
    operationName: '',
  })
  expect(await (await requestStream(idem, { body })).text()).toContain('No such challenge.')
})
