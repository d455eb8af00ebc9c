// The transport: what a call looks like on the wire, and every way in which it fails.

import { expect, test } from 'vitest'
import { IdemError } from '../../../src/client/idem-error.js'
import { httpTransport } from '../../../src/client/transport.js'

const answering = (response: () => Response | Promise<Response>) => {
  const calls: { url: string; init: RequestInit }[] = []
  const transport = httpTransport({
    url: 'http://idem.test',
    headers: { 'user-agent': 'test' },
    timeoutSeconds: 0.05,
    fetch: async (url, init) => {
      calls.push({ url: String(url), init: init ?? {} })
      const aborted = new Promise<never>((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
      return Promise.race([response(), aborted])
    },
  })
  return { transport, calls }
}

const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init)

const failure = async (response: () => Response | Promise<Response>): Promise<IdemError> => {
  const error = await answering(response)
    .transport.send({ document: '{ me { id } }' })
    .catch((thrown: unknown) => thrown)
  if (error instanceof IdemError) return error
  throw new Error(`not an IdemError: ${String(error)}`)
}

test('a call is one POST to /graphql with its variables and its bearer', async () => {
  const { transport, calls } = answering(() => json({ data: { me: null } }))
  const data = await transport.send({ document: '{ me { id } }', variables: { a: 1 }, accessToken: 'T' })
  expect(data).toEqual({ me: null })
  expect(calls[0]?.url).toBe('http://idem.test/graphql')
  expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ query: '{ me { id } }', variables: { a: 1 } })
  expect(calls[0]?.init.headers).toMatchObject({ authorization: 'Bearer T', 'user-agent': 'test' })
})

test('without an access token no authorization header is sent, and no redirect is followed', async () => {
  const { transport, calls } = answering(() => json({ data: {} }))
  await transport.send({ document: '{ me { id } }' })
  expect(calls[0]?.init.headers).not.toHaveProperty('authorization')
  expect(calls[0]?.init.redirect).toBe('manual')
})

test('a refusal carries its code and everything that the server names', async () => {
  const extensions = {
    code: 'STEP_UP_REQUIRED',
    requestId: 'r1',
    acrValues: ['aal1'],
    maxAgeSeconds: 300,
    requiredScopes: [['identity:write']],
    retryAfterSeconds: 7,
    field: 'input.handle',
  }
  const error = await failure(() => json({ data: null, errors: [{ message: 'Prove again.', extensions }] }))
  const { code, ...details } = extensions
  expect(error).toMatchObject({
    code,
    message: 'Prove again.',
    details,
    requestId: 'r1',
    retryAfterSeconds: 7,
  })
})

test('details of the wrong type are left out', async () => {
  const extensions = { code: 'FORBIDDEN', requestId: 5, requiredScopes: ['a'], acrValues: 'aal1' }
  const error = await failure(() => json({ errors: [{ message: 'No.', extensions }] }))
  expect(error).toMatchObject({ code: 'FORBIDDEN', details: {} })
  expect(Object.keys(error.details)).toEqual([])
})

test('a bearer that does not hold is UNAUTHENTICATED although the status is 401', async () => {
  const body = { errors: [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED' } }] }
  expect(await failure(() => json(body, { status: 401 }))).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test.each([
  ['an HTML page', () => new Response('<html>', { status: 502 })],
  ['a redirect', () => new Response(null, { status: 308, headers: { location: 'https://elsewhere.test' } })],
  ['JSON of something else', () => json({ hello: 'world' })],
  ['a list', () => json([{ data: {} }])],
  ['an unknown code', () => json({ errors: [{ message: 'x', extensions: { code: 'BANANA' } }] })],
])('%s is UNEXPECTED_ANSWER', async (_what, response) => {
  expect(await failure(response)).toMatchObject({ code: 'UNEXPECTED_ANSWER' })
})

test.each([
  [429, 'RATE_LIMITED'],
  [503, 'UNAVAILABLE'],
])('a gateway that answers %i without GraphQL is %s with its Retry-After', async (status, code) => {
  const response = () => new Response('slow down', { status, headers: { 'retry-after': '12' } })
  expect(await failure(response)).toMatchObject({ code, retryAfterSeconds: 12 })
})

test('nobody there is UNREACHABLE and keeps the cause', async () => {
  const cause = new TypeError('fetch failed')
  expect(await failure(() => Promise.reject(cause))).toMatchObject({ code: 'UNREACHABLE', cause })
})

test('an answer that does not come in time is TIMED_OUT', async () => {
  expect(await failure(() => new Promise(() => undefined))).toMatchObject({ code: 'TIMED_OUT' })
})
