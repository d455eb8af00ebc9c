// The session: when it refreshes, how often, and what happens once it is over.

import { expect, test } from 'vitest'
import { IdemError, type IdemErrorCode } from '../../../src/client/idem-error.js'
import { Session } from '../../../src/client/session.js'
import { memoryTokenStore } from '../../../src/client/token-store.js'
import type { Tokens } from '../../../src/client/tokens.js'
import type { GraphqlCall, Transport } from '../../../src/client/transport.js'

const now = new Date('2026-01-01T12:00:00Z')
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()

const tokens = (generation: number, lifetimeSeconds: number): Tokens => ({
  accessToken: `access-${generation}`,
  tokenType: 'Bearer',
  accessTokenExpiresAt: inSeconds(lifetimeSeconds),
  refreshToken: `refresh-${generation}`,
  refreshTokenExpiresAt: inSeconds(1800),
  sessionExpiresAt: inSeconds(86_400),
})

/** A server that refreshes `refresh-n` to generation n + 1 and refuses the access tokens in `refused`. */
const server = (options: { refused?: string[]; refreshFails?: IdemErrorCode } = {}) => {
  const calls: GraphqlCall[] = []
  const transport: Transport = {
    async send<Data>(call: GraphqlCall): Promise<Data> {
      calls.push(call)
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (options.refused?.includes(call.accessToken ?? '')) throw new IdemError('UNAUTHENTICATED', 'No.')
      if (!call.document.includes('RefreshSession')) return { bearer: call.accessToken } as Data
      if (options.refreshFails !== undefined) throw new IdemError(options.refreshFails, 'No.')
      const generation = Number(/refresh-(\d+)/.exec(JSON.stringify(call.variables))?.[1])
      return { refreshSession: tokens(generation + 1, 1500) } as Data
    },
  }
  const refreshes = () => calls.filter(({ document }) => document.includes('RefreshSession'))
  return { transport, calls, refreshes }
}

const clock = () => now
const me = { document: '{ me { id } }' }

test('a fresh token is used as it is', async () => {
  const { transport, refreshes } = server()
  const session = new Session({ transport, store: memoryTokenStore(tokens(1, 61)), clock })
  expect(await session.send(me)).toEqual({ bearer: 'access-1' })
  expect(refreshes()).toEqual([])
})

test('a token in its last minute is refreshed, without a bearer, and the successor kept', async () => {
  const { transport, refreshes } = server()
  const store = memoryTokenStore(tokens(1, 59))
  const session = new Session({ transport, store, clock })
  expect(await session.send(me)).toEqual({ bearer: 'access-2' })
  expect(refreshes()).toHaveLength(1)
  expect(refreshes()[0]).not.toHaveProperty('accessToken')
  expect((await store.read())?.refreshToken).toBe('refresh-2')
})

test('many calls at once refresh once', async () => {
  const { transport, refreshes } = server()
  const session = new Session({ transport, store: memoryTokenStore(tokens(1, 0)), clock })
  const answers = await Promise.all(Array.from({ length: 50 }, () => session.send(me)))
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"bearer":"access-2"}']))
  expect(refreshes()).toHaveLength(1)
})

test('two sessions on one store refresh once between them', async () => {
  const { transport, refreshes } = server()
  const store = memoryTokenStore(tokens(1, 0))
  const sessions = [1, 2, 3].map(() => new Session({ transport, store, clock }))
  await Promise.all(sessions.map((session) => session.tokens()))
  expect(refreshes()).toHaveLength(1)
})

test('a bearer refused before its time is renewed and the call repeated once', async () => {
  const { transport, refreshes } = server({ refused: ['access-1'] })
  const session = new Session({ transport, store: memoryTokenStore(tokens(1, 1500)), clock })
  expect(await session.send(me)).toEqual({ bearer: 'access-2' })
  expect(refreshes()).toHaveLength(1)
})

test('a bearer refused twice is not tried a third time', async () => {
  const { transport, calls } = server({ refused: ['access-1', 'access-2'] })
  const session = new Session({ transport, store: memoryTokenStore(tokens(1, 1500)), clock })
  await expect(session.send(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(calls).toHaveLength(3)
})

test.each(['UNAUTHENTICATED', 'REFRESH_REUSED'] as const)(
  'a refresh refused by %s ends the session: SIGNED_OUT and nothing kept',
  async (refreshFails) => {
    const { transport } = server({ refreshFails })
    const store = memoryTokenStore(tokens(1, 0))
    const session = new Session({ transport, store, clock })
    await expect(session.tokens()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    expect(await store.read()).toBeNull()
  },
)

test('a session that is over is opened again where the way is known', async () => {
  const { transport } = server({ refreshFails: 'REFRESH_REUSED' })
  const signInAgain = async () => tokens(10, 1500)
  const session = new Session({ transport, store: memoryTokenStore(tokens(1, 0)), clock, signInAgain })
  expect(await session.send(me)).toEqual({ bearer: 'access-10' })
})

test.each(['UNREACHABLE', 'UNAVAILABLE', 'RATE_LIMITED'] as const)(
  'a refresh that fails by %s loses nothing and can be tried again',
  async (refreshFails) => {
    const options: { refreshFails?: IdemErrorCode } = { refreshFails }
    const { transport } = server(options)
    const store = memoryTokenStore(tokens(1, 0))
    const session = new Session({ transport, store, clock })
    await expect(session.tokens()).rejects.toMatchObject({ code: refreshFails })
    expect((await store.read())?.refreshToken).toBe('refresh-1')
    delete options.refreshFails
    expect((await session.tokens()).accessToken).toBe('access-2')
  },
)

test('nobody signed in is SIGNED_OUT without a call', async () => {
  const { transport, calls } = server()
  const session = new Session({ transport, store: memoryTokenStore(), clock })
  await expect(session.send(me)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  expect(calls).toEqual([])
})

test('a step-up proves with the current bearer and keeps the new tokens', async () => {
  const { transport } = server()
  const store = memoryTokenStore(tokens(1, 1500))
  const session = new Session({ transport, store, clock })
  await session.stepUp(async (bearer) => {
    expect(await bearer.send(me)).toEqual({ bearer: 'access-1' })
    return tokens(5, 1500)
  })
  expect((await store.read())?.accessToken).toBe('access-5')
})
