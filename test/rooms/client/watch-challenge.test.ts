// The watch over a challenge: by asking, by the stream that says when to ask, and through a server that is away.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type ChallengeState, requestMail } from '../../../src/client/email-challenge.js'
import { httpTransport } from '../../../src/client/transport.js'
import { watchChallenge } from '../../../src/client/watch-challenge.js'
import { serverThatAnswers } from './no-idem.js'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const pending: ChallengeState = {
  id: 'x',
  method: 'email',
  purpose: 'SIGN_IN',
  methods: ['email'],
  status: 'PENDING',
  matchCode: '1234',
  delivery: 'QUEUED',
  retryAfterSeconds: 60,
  expiresAt: '2026-01-01T00:00:00.000Z',
  authenticationDisabled: false,
}

/** A server whose challenge is as the test says, with a stream where `stream` is. */
const startServer = async (stream: 'pushes' | 'none') => {
  const state = {
    challenge: pending,
    failures: 0,
    failWith: 0,
    retryAfter: '0',
    asked: 0,
    push: (_text: string) => {},
    isOpen: false,
  }
  const server = createServer((request, response) => {
    if (request.url === '/graphql/stream' && stream === 'pushes') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      state.push = (text) => response.write(text)
      state.isOpen = true
      response.on('close', () => {
        state.isOpen = false
      })
      state.push('event: next\ndata: {}\n\n')
      return
    }
    if (request.url !== '/graphql') return void response.writeHead(404).end()
    state.asked += 1
    if (state.failures > 0) {
      state.failures -= 1
      return void (state.failWith === 0
        ? response.destroy()
        : response.writeHead(state.failWith, { 'retry-after': state.retryAfter }).end())
    }
    response.end(JSON.stringify({ data: { challenge: state.challenge } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const transport = httpTransport({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  return { state, transport }
}

test('by asking alone: each state once, to the end', async () => {
  const { state, transport } = await startServer('none')
  const seen: string[] = []
  for await (const { status, delivery } of watchChallenge(transport, 'x', { pollSeconds: 0.01 })) {
    seen.push(`${status} ${delivery}`)
    if (status === 'CONFIRMED') state.challenge = { ...state.challenge, status: 'SPENT' }
    else if (delivery === 'SENT') state.challenge = { ...state.challenge, status: 'CONFIRMED' }
    else state.challenge = { ...state.challenge, delivery: 'SENT' }
  }
  expect(seen).toEqual(['PENDING QUEUED', 'PENDING SENT', 'CONFIRMED SENT', 'SPENT SENT'])
})

test('the stream says when to ask, however its text is cut, and is left at the end', async () => {
  const { state, transport } = await startServer('pushes')
  const seen: string[] = []
  for await (const { status } of watchChallenge(transport, 'x', { pollSeconds: 300 })) {
    seen.push(status)
    if (status === 'PENDING') {
      while (!state.isOpen) await new Promise((resolve) => setTimeout(resolve, 5))
      state.challenge = { ...state.challenge, status: 'EXPIRED' }
      state.push(':\n\neve')
      state.push('nt: ne')
      setTimeout(() => state.push('xt\r\ndata: {}\n\n'), 20)
    }
  }
  expect(seen).toEqual(['PENDING', 'EXPIRED'])
  while (state.isOpen) await new Promise((resolve) => setTimeout(resolve, 5))
})

test.each([0, 502, 503, 504])('a server that is away for a while (%i) is waited for', async (status) => {
  const { state, transport } = await startServer('none')
  state.failWith = status
  state.failures = 3
  const watch = watchChallenge(transport, 'x', { pollSeconds: 0.01 })
  expect(await watch.next()).toMatchObject({ value: { status: 'PENDING' } })
  expect(state.asked).toBe(4)
})

test('a server that refuses is not waited for', async () => {
  const errors = [{ message: 'No such challenge.', extensions: { code: 'NOT_FOUND' } }]
  await using refusing = await serverThatAnswers({ body: JSON.stringify({ errors }) })
  const watch = watchChallenge(httpTransport({ url: refusing.url }), 'x', { pollSeconds: 0.01 })
  await expect(watch.next()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a server that stays away is given up', async () => {
  const { state, transport } = await startServer('none')
  state.failures = Number.POSITIVE_INFINITY
  const watch = watchChallenge(transport, 'x', { pollSeconds: 0.001 })
  await expect(watch.next()).rejects.toMatchObject({ code: 'UNREACHABLE' })
})

test('whoever stops watching is let go at once', async () => {
  const { transport } = await startServer('pushes')
  const stop = new AbortController()
  const watch = watchChallenge(transport, 'x', { signal: stop.signal, pollSeconds: 300 })
  await watch.next()
  const next = watch.next()
  stop.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})

test('a mail is asked for by variables, never by text pasted into a document', async () => {
  await using idem = await serverThatAnswers({ body: JSON.stringify({ data: { issueChallenge: pending } }) })
  const address = 'a"} }) { id } }@example.org'
  await requestMail(httpTransport({ url: idem.url }), { address, purpose: 'SIGN_IN' })
  const body = JSON.parse(idem.arrivals[0]?.body ?? '')
  expect(body.variables).toEqual({ address, purpose: 'SIGN_IN' })
  expect(body.query).not.toContain('example.org')
})

test('a server that is to be asked again in years is asked once in a while', async () => {
  const { state, transport } = await startServer('none')
  Object.assign(state, { failures: 1_000, failWith: 503, retryAfter: '999999999' })
  const warnings: string[] = []
  const note = ({ name }: Error) => void warnings.push(name)
  process.on('warning', note)
  const watch = new AbortController()
  const end = watchChallenge(transport, 'x', { signal: watch.signal }).next()
  await expect.poll(() => state.asked).toBeGreaterThan(0)
  // A timer of more than 2^31 ms ends at once, and Node warns of it.
  await new Promise((resolve) => setTimeout(resolve, 100))
  watch.abort()
  expect(await end).toMatchObject({ done: true })
  process.off('warning', note)
  expect(warnings).toEqual([])
  // The end of the attempt to listen is a reason to ask a second time.
  expect(state.asked).toBeLessThan(3)
})

test('a stream whose lines never end is left, and not kept in memory', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('event: next\n')
    response.end('x'.repeat(1_000_000))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => void server.close())
  const transport = httpTransport({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const events: string[] = []
  const listener = { onEvent: () => void events.push('next'), signal: new AbortController().signal }
  await expect(transport.listen?.({ document: 'subscription { x }' }, listener)).rejects.toMatchObject({
    code: 'UNEXPECTED_ANSWER',
  })
  expect(events).toEqual(['next'])
})
