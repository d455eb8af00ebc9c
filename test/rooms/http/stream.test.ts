// The stream at the edge: who gets one, how many, what is refused and how, and that nothing of it is left behind.
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, millisecondsUntil } from '../../support/calls.js'
import { EventStream, requestStream } from '../../support/event-stream.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import {
  type Answer,
  createDatabase,
  freePort,
  startTestService,
  type TestService,
} from '../../support/start-service.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

const front = 'https://app.example.org'
const { idem, tables } = await serviceOfFile({
  environment: {
    IDEM_ALLOWED_ORIGINS: front,
    IDEM_TRUSTED_PROXIES: '127.0.0.1',
    IDEM_STREAMS: '5',
    IDEM_STREAMS_PER_SOURCE: '3',
    IDEM_EMAIL_CHALLENGE_LIFETIME_SECONDS: '86400',
    IDEM_THROTTLE_MAILS_PER_SOURCE: '100000',
  },
})

const opened: EventStream[] = []
const watch = async (...given: Parameters<typeof EventStream.watch>): Promise<EventStream> => {
  const stream = await EventStream.watch(...given)
  opened.push(stream)
  return stream
}

/** How many listeners the service has for challenges. */
const listeners = (service: TestService = idem): number =>
  service.foundation.notifications.listenerCount('held_challenge')

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.leave()
  await millisecondsUntil(10_000, async () => listeners() === 0)
})

let count = 0
/** A challenge that stays pending: nobody sends its mail. */
const ask = async (service: TestService = idem): Promise<string> => {
  const issue = 'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }'
  const input = { email: { address: `stream-${++count}@example.org` } }
  return dataOf(await service.ask(issue, { input })).issueChallenge.id
}

const query = 'subscription ($id: ID!) { challengeUpdated(id: $id) { status } }'
const from = (address: string) => ({ 'x-forwarded-for': address })

/** What a request that gets no stream is told. */
const refusalOf = async (
  body: string,
  headers: Readonly<Record<string, string>> = {},
  service: TestService = idem,
): Promise<Answer> => {
  const response = await requestStream(service, { body, headers })
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const { errors, data = null } = (await response.json()) as Pick<Answer, 'errors' | 'data'>
  for (const { extensions } of errors)
    expect(extensions['requestId']).toBe(response.headers.get('x-request-id'))
  return { status: response.status, headers: response.headers, data, errors }
}

/** The errors of a stream that holds nothing else. */
const errorsOf = async (body: object): Promise<Answer['errors']> => {
  const response = await requestStream(idem, { body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  const [event, end] = (await response.text()).replace(/^:\n\n/, '').split('\n\n')
  expect(end).toBe('event: complete\ndata:')
  return JSON.parse(event?.replace('event: next\ndata: ', '') ?? '').errors
}

test('an id that is none of ours, or garbage, is NOT_FOUND, and nothing listens for it', async () => {
  for (const id of ['A'.repeat(43), 'x', '', 'a.b.c', '../../etc', `${'é'.repeat(40)}`, 'x'.repeat(10_000)]) {
    const [error, ...others] = await errorsOf({ query, variables: { id } })
    expect(error).toMatchObject({ message: 'No such challenge.', path: ['challengeUpdated'] })
    expect(error?.extensions).toEqual({ code: 'NOT_FOUND', requestId: expect.any(String) })
    expect(others).toEqual([])
  }
  expect(listeners()).toBe(0)
})

test.each([
  [
    'a query',
    { query: '{ me { id } }' },
    'Only subscriptions are served here. Queries and mutations are at POST /graphql.',
  ],
  [
    'a mutation',
    { query: 'mutation { signIn(input: { proof: { anonymous: {} } }) { provisioned } }' },
    'Only subscriptions are served here. Queries and mutations are at POST /graphql.',
  ],
  ['no query', {}, 'Send a subscription as "query".'],
  ['a query that is no text', { query: 7 }, 'Send a subscription as "query".'],
  ['variables that are no object', { query, variables: ['x'] }, 'The variables are an object.'],
  ['a name that is no text', { query, operationName: {} }, 'The name of an operation is a text.'],
  ['an operation that is not there', { query, operationName: 'other' }, 'Unknown operation named "other".'],
  ['no variables', { query }, 'Variable "$id" of required type "ID!" was not provided.'],
  ['an id of the wrong type', { query, variables: { id: { a: 1 } } }, /^Variable "\$id" got invalid value/],
  ['a syntax error', { query: 'subscription {' }, /^Syntax Error/],
  [
    'two fields',
    { query: 'subscription { a: challengeUpdated(id: "x") { id } b: challengeUpdated(id: "x") { id } }' },
    /only one top level field|must select only one/,
  ],
  ['introspection', { query: 'subscription { __schema { types { name } } }' }, /.+/],
])('%s is refused BAD_USER_INPUT, and changes nothing', async (_what, body, sentence) => {
  const before = await tables.contents()
  const { status, errors } = await refusalOf(JSON.stringify(body))
  expect(status).toBe(400)
  expect(errors[0]?.extensions['code']).toBe('BAD_USER_INPUT')
  if (typeof sentence === 'string') expect(errors[0]?.message).toBe(sentence)
  else expect(errors[0]?.message).toMatch(sentence)
  expect(await tables.contents()).toEqual(before)
})

test.each([
  [
    'too many aliases',
    `subscription { challengeUpdated(id: "x") { ${Array.from({ length: 16 }, (_, index) => `a${index}: id`).join(' ')} } }`,
  ],
  ['too many words', `subscription { challengeUpdated(id: "x") { ${'id '.repeat(3_000)} } }`],
  ['too many bytes', `subscription { challengeUpdated(id: "${'x'.repeat(70_000)}") { id } }`, 413],
])('%s are refused QUERY_TOO_COSTLY', async (_what, text, expected = 400) => {
  const { status, errors } = await refusalOf(JSON.stringify({ query: text }))
  expect(status).toBe(expected)
  expect(errors[0]?.extensions['code']).toBe('QUERY_TOO_COSTLY')
})

test('what is not a body of JSON is refused', async () => {
  const body = JSON.stringify({ query })
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/graphql',
  ])
    expect(codeOf(await refusalOf(body, { 'content-type': type }))).toBe('BAD_USER_INPUT')
  for (const wrong of ['{', '', 'null', '[]', '"x"', '7'])
    expect(codeOf(await refusalOf(wrong))).toBe('BAD_USER_INPUT')
  expect((await refusalOf(body, { accept: 'application/json' })).errors[0]?.message).toMatch(
    /text\/event-stream/,
  )
})

test('a GET is refused with 405, and no other verb, token or URL opens a stream', async () => {
  const url = `${idem.url}/graphql/stream?query=${encodeURIComponent('subscription { challengeUpdated(id: "x") { id } }')}`
  const got = await fetch(url, { headers: { accept: 'text/event-stream' } })
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  for (const method of ['PUT', 'DELETE', 'PATCH']) expect((await fetch(url, { method })).status).toBe(405)
  const token = { 'x-graphql-event-stream-token': 'a-token', accept: '*/*' }
  const variables = { id: await ask() }
  const response = await requestStream(idem, { body: JSON.stringify({ query, variables }), headers: token })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  await response.body?.cancel()
})

test('a subscription at /graphql is told where to go', async () => {
  const answer = await idem.ask(query, { id: await ask() })
  expect(answer.status).toBe(406)
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors[0]?.message).toBe(
    'Subscriptions are not served here. They are at POST /graphql/stream.',
  )
})

test('an allowed origin may watch from a browser, another may not read what comes', async () => {
  const send = async (origin: string) => {
    const call = request(`${idem.url}/graphql/stream`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json', accept: 'text/event-stream' },
    })
    call.end(JSON.stringify({ query, variables: { id: await ask() } }))
    const [response] = await once(call, 'response')
    response.destroy()
    return response.headers
  }
  const headers = await send(front)
  expect(headers).toMatchObject({
    'access-control-allow-origin': front,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  })
  expect((await send('https://evil.example'))['access-control-allow-origin']).toBeUndefined()
})

test('suggestions are as silent as at /graphql where introspection is off', async () => {
  const hidden = await startTestService({ environment: { IDEM_INTROSPECTION: 'off' } })
  const body = JSON.stringify({ query: 'subscription { challengeUpdate(id: "x") { id } }' })
  try {
    expect((await refusalOf(body)).errors[0]?.message).toMatch(/Did you mean "challengeUpdated"/)
    expect((await refusalOf(body, {}, hidden)).errors[0]?.message).not.toMatch(/Did you mean/)
  } finally {
    await hidden.stop()
  }
})

test('a bearer that does not hold is refused with 401 before anything is streamed', async () => {
  const body = JSON.stringify({ query, variables: { id: await ask() } })
  const claimed = Buffer.from('{"email":"ada@example.org"}').toString('base64')
  for (const authorization of ['Bearer x', 'Basic eDp5', 'Bearer a.b.c', `Bearer ${claimed}`]) {
    const answer = await refusalOf(body, { authorization })
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  }
})

test('a stream whose session ends, or whose bearer expires, ends with UNAUTHENTICATED', async () => {
  const owner = new KeyOwner(idem)
  const [first, second] = [await owner.signIn(), await owner.signIn()]
  const as = ({ accessToken }: { accessToken: string }) => ({ authorization: `Bearer ${accessToken}` })
  const id = await ask()
  const [ends, expires] = [await watch(idem, id, as(first)), await watch(idem, id, as(second))]
  await ends.until('PENDING QUEUED')
  await expires.until('PENDING QUEUED')

  dataOf(await idem.askAs(first.accessToken, 'mutation { endSession }'))
  await millisecondsUntil(3_000, async () => ends.states.at(-1) === 'UNAUTHENTICATED')
  expect(await ends.ended()).toBe('complete')
  expect(ends.events.at(-1)).toEqual({
    data: null,
    errors: [
      {
        message: 'The session of this token is over. Sign in again.',
        path: ['challengeUpdated'],
        extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
      },
    ],
  })
  expect(expires.end).toBeNull()

  idem.clock.advance(26 * 60)
  await millisecondsUntil(3_000, async () => expires.states.at(-1) === 'UNAUTHENTICATED')
  expect(await expires.ended()).toBe('complete')
})

test('a network has so many streams and no more, however many are asked for at once; one that leaves makes room', async () => {
  const id = await ask()
  const tried = await Promise.allSettled(
    Array.from({ length: 20 }, async () => await watch(idem, id, from('192.0.2.1'))),
  )
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  const body = JSON.stringify({ query, variables: { id } })
  const refused = await refusalOf(body, from('192.0.2.1'))
  expect([refused.status, codeOf(refused)]).toEqual([429, 'RATE_LIMITED'])
  expect(refused.headers.get('retry-after')).toBe(String(refused.errors[0]?.extensions['retryAfterSeconds']))

  const others = [await watch(idem, id, from('192.0.2.2')), await watch(idem, id, from('2001:db8::1'))]
  const full = await refusalOf(body, from('192.0.2.3'))
  expect([full.status, codeOf(full)]).toEqual([503, 'UNAVAILABLE'])
  expect(full.headers.get('retry-after')).toBe(String(full.errors[0]?.extensions['retryAfterSeconds']))
  expect(listeners()).toBe(5)

  others[0]?.leave()
  await millisecondsUntil(5_000, async () => listeners() === 4)
  const next = await watch(idem, id, from('192.0.2.3'))
  await next.until('PENDING QUEUED')
})

test('refused requests keep no place', async () => {
  const id = await ask()
  for (let round = 0; round < 4; round += 1) {
    await errorsOf({ query, variables: { id: 'x' } })
    await refusalOf(JSON.stringify({ query: '{ me { id } }' }))
  }
  await (await watch(idem, id)).until('PENDING QUEUED')
})

/** Asks for a stream, and goes away after so long, whatever has come by then. */
const comeAndGo = async (body: string, address: string, milliseconds: number): Promise<void> => {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...from(address) }
  const call = request(`${idem.url}/graphql/stream`, { method: 'POST', headers, agent: false })
  call.on('response', (response) => response.on('error', () => undefined).resume())
  call.on('error', () => undefined)
  call.end(body)
  setTimeout(() => call.destroy(), milliseconds)
  // Its error is that of going away.
  await new Promise<void>((resolve) => call.on('close', () => resolve()))
}

test('two hundred who come and go, some before the first event, leave no listener and no place behind', async () => {
  const body = JSON.stringify({ query, variables: { id: await ask() } })
  for (let round = 0; round < 20; round += 1)
    await atOnce(10, async (index) => await comeAndGo(body, `198.51.100.${index}`, index * 2))
  await millisecondsUntil(10_000, async () => listeners() === 0)
  const id = await ask()
  // A request whose client has gone may be about to begin.
  await millisecondsUntil(10_000, async () => {
    const tried = await atOnce(
      5,
      async (index) => await watch(idem, id, from(`203.0.113.${index}`)).catch(() => null),
    )
    for (const stream of opened.splice(0)) stream.leave()
    return tried.every((stream) => stream !== null)
  })
})

test('a client that never reads costs a place until its challenge is over, and nobody else anything', async () => {
  const owner = new KeyOwner(idem)
  const challenge = await owner.challenge()
  const body = JSON.stringify({ query, variables: { id: challenge.id } })
  const { port, hostname } = new URL(idem.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.write(
    `POST /graphql/stream HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n` +
      `accept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await millisecondsUntil(10_000, async () => listeners() === 1)
  const other = await watch(idem, challenge.id)
  await other.until('PENDING null')
  idem.clock.advance(60)
  expect(await other.ended()).toBe('complete')
  await millisecondsUntil(10_000, async () => listeners() === 0)
  socket.destroy()
})

test('the id of a watched challenge is in no line of the log', async () => {
  const id = await ask()
  const stream = await watch(idem, id)
  await stream.until('PENDING QUEUED')
  await errorsOf({ query, variables: { id: `${id.slice(0, -1)}!` } })
  stream.leave()
  await millisecondsUntil(10_000, async () => listeners() === 0)
  const requests = idem.logLines.filter((line) => line.includes('"route":"/graphql/stream"'))
  expect(requests.length).toBeGreaterThan(0)
  expect(idem.logLines.join('')).not.toContain(id.slice(0, -1))
})

test('a service that stops lets its streams go at once, without the end that would keep clients from coming back', async () => {
  const service = await startTestService()
  const id = await ask(service)
  const streams = await atOnce(5, async () => await EventStream.watch(service, id))
  for (const stream of streams) await stream.until('PENDING QUEUED')
  await service.stop()
  for (const stream of streams) expect(await stream.ended()).toBe('broken')
  expect(listeners(service)).toBe(0)
})

test('without a database nobody gets a stream, and is told when to try again', async () => {
  const proxy = await TcpProxy.start(await createDatabase(), await freePort())
  const service = await startTestService({ databaseUrl: proxy.url })
  try {
    const body = JSON.stringify({ query, variables: { id: await ask(service) } })
    await proxy.cut()
    const answer = await refusalOf(body, {}, service)
    expect([answer.status, codeOf(answer)]).toEqual([503, 'UNAVAILABLE'])
    expect(answer.headers.get('retry-after')).toBe(String(answer.errors[0]?.extensions['retryAfterSeconds']))
    expect(listeners(service)).toBe(0)
  } finally {
    await proxy.mend()
    await service.stop()
    await proxy.cut()
  }
})
