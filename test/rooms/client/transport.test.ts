// The transport: what a call looks like on the wire, and every way in which it fails.

import { expect, test } from 'vitest'
import { IdemError } from '../../../src/client/idem-error.js'
import { httpTransport } from '../../../src/client/transport.js'
import { closedAddress, type FixedAnswer, serverThatAnswers } from './no-idem.js'

const json = (body: unknown, status = 200): FixedAnswer => ({ status, body: JSON.stringify(body) })

/** The error of a call that this answer comes back to. */
const failure = async (answer: FixedAnswer | null, timeoutSeconds = 15): Promise<IdemError> => {
  await using server = await serverThatAnswers(answer)
  return await failureAt(server.url, timeoutSeconds)
}

const failureAt = async (url: string, timeoutSeconds = 15): Promise<IdemError> => {
  const error = await httpTransport({ url, timeoutSeconds })
    .send({ document: '{ me { id } }' })
    .catch((thrown: unknown) => thrown)
  if (error instanceof IdemError) return error
  throw new Error(`not an IdemError: ${String(error)}`)
}

test('a call is one POST to /graphql with its variables and its bearer', async () => {
  await using server = await serverThatAnswers(json({ data: { me: null } }))
  const transport = httpTransport({ url: server.url, headers: { 'user-agent': 'test' } })
  const data = await transport.send({ document: '{ me { id } }', variables: { a: 1 }, accessToken: 'T' })
  expect(data).toEqual({ me: null })
  const [arrival] = server.arrivals
  expect(arrival).toMatchObject({
    method: 'POST',
    path: '/graphql',
    headers: { authorization: 'Bearer T', 'user-agent': 'test', 'content-type': 'application/json' },
  })
  expect(JSON.parse(arrival?.body ?? '')).toEqual({ query: '{ me { id } }', variables: { a: 1 } })
})

test('without an access token no authorization header is sent', async () => {
  await using server = await serverThatAnswers(json({ data: {} }))
  await httpTransport({ url: server.url }).send({ document: '{ me { id } }' })
  expect(server.arrivals[0]?.headers).not.toHaveProperty('authorization')
})

test('no redirect is followed: tokens and proofs go to the named server or nowhere', async () => {
  await using elsewhere = await serverThatAnswers(json({ data: {} }))
  const redirect = { status: 308, headers: { location: `${elsewhere.url}/graphql` } }
  expect(await failure(redirect)).toMatchObject({ code: 'UNEXPECTED_ANSWER' })
  expect(elsewhere.arrivals).toEqual([])
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
  const error = await failure(json({ data: null, errors: [{ message: 'Prove again.', extensions }] }))
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
  const error = await failure(json({ errors: [{ message: 'No.', extensions }] }))
  expect(error).toMatchObject({ code: 'FORBIDDEN', details: {} })
  expect(Object.keys(error.details)).toEqual([])
})

test('a bearer that does not hold is UNAUTHENTICATED although the status is 401', async () => {
  const body = { errors: [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED' } }] }
  expect(await failure(json(body, 401))).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test.each([
  ['an HTML page', { body: '<html>' }],
  ['nothing', {}],
  ['JSON of something else', json({ hello: 'world' })],
  ['a list', json([{ data: {} }])],
  ['an unknown code', json({ errors: [{ message: 'x', extensions: { code: 'BANANA' } }] })],
])('%s is UNEXPECTED_ANSWER', async (_what, answer) => {
  expect(await failure(answer)).toMatchObject({ code: 'UNEXPECTED_ANSWER' })
})

test.each([
  [429, 'RATE_LIMITED'],
  [503, 'UNAVAILABLE'],
])('a gateway that answers %i without GraphQL is %s with its Retry-After', async (status, code) => {
  const answer = { status, body: 'slow down', headers: { 'retry-after': '12' } }
  expect(await failure(answer)).toMatchObject({ code, retryAfterSeconds: 12 })
})

test('nobody there is UNREACHABLE and keeps the cause', async () => {
  const error = await failureAt(await closedAddress())
  expect(error).toMatchObject({ code: 'UNREACHABLE', cause: expect.any(TypeError) })
})

test('an answer that does not come in time is TIMED_OUT', async () => {
  expect(await failure(null, 0.05)).toMatchObject({ code: 'TIMED_OUT' })
})
