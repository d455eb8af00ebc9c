// The session: when it refreshes, how often, and what happens once it is over.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { answerAsGuest } from '../../../src/client/proof.js'
import { Session } from '../../../src/client/session.js'
import { signIn } from '../../../src/client/sign-in.js'
import { stepUp } from '../../../src/client/step-up.js'
import { memoryTokenStore, type TokenStore } from '../../../src/client/token-store.js'
import {
  endSession,
  type KeptTokens,
  keepTokens,
  refreshSession,
  type Tokens,
} from '../../../src/client/tokens.js'
import { httpTransport, type Transport, withBearer } from '../../../src/client/transport.js'
import { type TestService } from '../../support/start-service.js'
import { closedAddress } from './no-idem.js'
import { hangUp, startTappedService, turnAway, Wiretap } from './wiretap.js'

let idem: TestService
let wire: Wiretap
let transport: Transport
/** The guest of one test: its secret and the tokens of its first session. */
let guest: { readonly deviceSecret: string }
let first: Tokens
let store: TokenStore
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  transport = httpTransport({ url: wire.url })
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})
beforeEach(async () => {
  guest = { deviceSecret: randomBytes(32).toString('base64') }
  first = await signInAsGuest()
  store = memoryTokenStore(keepTokens(first, idem.clock.now()))
  wire.forget()
})

const signInAsGuest = async (): Promise<Tokens> => (await signIn(transport, answerAsGuest(guest))).tokens
const clock = () => idem.clock.now()
const open = (options: { signInAgain?: () => Promise<Tokens> } = {}) =>
  new Session({ transport, store, clock, ...options })

const me = { document: 'query Me { me { id } }' }
const someone = { me: { id: expect.any(String) } }
/** An access token serves for 25 minutes. */
const minutes = (count: number) => idem.clock.advance(count * 60)

test('a fresh token is used as it is, until its last minute', async () => {
  minutes(23)
  expect(await open().send(me)).toEqual(someone)
  expect(wire.calls).toMatchObject([{ operation: 'Me', bearer: first.accessToken }])
})

test('a token in its last minute is refreshed, without a bearer, and the successor kept', async () => {
  minutes(24.1)
  expect(await open().send(me)).toEqual(someone)
  const kept = await store.read()
  expect(wire.calls).toMatchObject([
    { operation: 'RefreshSession', bearer: null },
    { operation: 'Me', bearer: kept?.accessToken },
  ])
  expect(kept?.refreshToken).not.toBe(first.refreshToken)
})

test('many calls at once refresh once', async () => {
  minutes(26)
  const session = open()
  await Promise.all(Array.from({ length: 20 }, () => session.send(me)))
  expect(wire.operations.filter((operation) => operation === 'RefreshSession')).toHaveLength(1)
  expect(new Set(wire.calls.slice(1).map(({ bearer }) => bearer)).size).toBe(1)
})

test('several sessions on one store refresh once between them', async () => {
  minutes(26)
  await Promise.all([open(), open(), open()].map((session) => session.tokens()))
  expect(wire.operations).toEqual(['RefreshSession'])
})

test('a bearer refused before its time is renewed and the call repeated once', async () => {
  const standsStill = idem.clock.now()
  const session = new Session({ transport, store, clock: () => standsStill })
  minutes(26)
  expect(await session.send(me)).toEqual(someone)
  expect(wire.operations).toEqual(['Me', 'RefreshSession', 'Me'])
})

test('a bearer refused twice is not tried a third time', async () => {
  await endSession(withBearer(transport, first.accessToken))
  wire.forget()
  const endedAtOnce = async () => {
    const { accessToken, ...others } = await signInAsGuest()
    await endSession(withBearer(transport, accessToken))
    return { accessToken, ...others }
  }
  await expect(open({ signInAgain: endedAtOnce }).send(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(wire.operations).toEqual(['Me', 'RefreshSession', 'SignIn', 'EndSession', 'Me'])
})

test('a session that was left alone for too long is over: SIGNED_OUT and nothing kept', async () => {
  minutes(31)
  await expect(open().tokens()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  expect(await store.read()).toBeNull()
})

test('a refresh token that a thief has used is over: SIGNED_OUT and nothing kept', async () => {
  const second = await refreshSession(transport, first.refreshToken)
  await refreshSession(transport, second.refreshToken)
  minutes(26)
  await expect(open().tokens()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  expect(await store.read()).toBeNull()
})

test('a session that is over is opened again where the way is known', async () => {
  minutes(31)
  expect(await open({ signInAgain: signInAsGuest }).send(me)).toEqual(someone)
  expect(wire.operations).toEqual(['RefreshSession', 'SignIn', 'Me'])
})

test.each([
  ['UNREACHABLE', hangUp],
  ['UNAVAILABLE', turnAway(503, 1)],
  ['RATE_LIMITED', turnAway(429, 1)],
] as const)('a refresh that fails by %s loses nothing and can be tried again', async (code, incident) => {
  minutes(26)
  wire.onNext('RefreshSession', incident)
  await expect(open().tokens()).rejects.toMatchObject({ code })
  expect(await store.read()).toMatchObject(first)
  expect((await open().tokens()).refreshToken).not.toBe(first.refreshToken)
})

test('an answer that was lost on the way costs nothing: the same refresh token serves once more', async () => {
  minutes(26)
  wire.onNext('RefreshSession', async (_call, response) => {
    await refreshSession(httpTransport({ url: idem.url }), first.refreshToken)
    response.destroy()
  })
  await expect(open().tokens()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(await open().send(me)).toEqual(someone)
})

test('nobody signed in is SIGNED_OUT without a call', async () => {
  const nobody = new Session({
    transport: httpTransport({ url: await closedAddress() }),
    store: memoryTokenStore(),
  })
  await expect(nobody.send(me)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
})

test('a step-up proves with the current bearer and keeps the new tokens', async () => {
  await open().stepUp(async (bearer) => stepUp(bearer, answerAsGuest(guest)))
  expect(wire.calls).toMatchObject([{ operation: 'StepUp', bearer: first.accessToken }])
  const kept = await store.read()
  expect(kept?.accessToken).not.toBe(first.accessToken)
  expect(kept?.refreshToken).toBe(first.refreshToken)
})

test('a refresh is in the store before it is sent', async () => {
  minutes(26)
  const seen: unknown[] = []
  wire.onNext('RefreshSession', async () => seen.push(await store.read()))
  const { refreshStartedAt } = await open().tokens()
  expect(seen).toEqual([
    {
      ...keepTokens(first, clock()),
      receivedAt: expect.any(String),
      refreshStartedAt: clock().toISOString(),
    },
  ])
  expect(refreshStartedAt).toBeNull()
})

test('a refresh whose answer never came is repeated before the token is used again', async () => {
  await store.update(async (current) => current && { ...current, refreshStartedAt: clock().toISOString() })
  expect(await open().send(me)).toEqual(someone)
  expect(wire.operations).toEqual(['RefreshSession', 'Me'])
})

const isAlive = async ({ accessToken }: Tokens): Promise<boolean> =>
  (await idem.askAs(accessToken, '{ me { id } }')).status === 200

test('a sign-out ends the session at the server and keeps nothing', async () => {
  await open().signOut()
  expect(wire.calls).toMatchObject([{ operation: 'EndSession', bearer: first.accessToken }])
  expect(await store.read()).toBeNull()
  await open().signOut()
  expect(wire.operations).toEqual(['EndSession'])
})

test.each([
  ['whose access token has run out', 26, ['RefreshSession', 'EndSession']],
  ['that is over', 31, ['RefreshSession']],
])('a sign-out of a session %s', async (_which, count, operations) => {
  minutes(count)
  await open().signOut()
  expect(wire.operations).toEqual(operations)
  expect(await store.read()).toBeNull()
})

test('a sign-out that cannot reach the server is told, and holds here all the same', async () => {
  wire.onNext('EndSession', hangUp)
  await expect(open().signOut()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(await store.read()).toBeNull()
})

test.each([
  ['a refresh', 26, 'RefreshSession'],
  ['a sign-in', 31, 'SignIn'],
])(
  'the answer of %s that comes after a sign-out is dropped, and its session ended',
  async (_what, count, operation) => {
    minutes(count)
    const made: (KeptTokens | null)[] = []
    const watched: TokenStore = {
      read: () => store.read(),
      update: async (change) => {
        const updated = await store.update(change)
        made.push(updated)
        return updated
      },
    }
    const opened: Tokens[] = []
    const signInAgain = async () => {
      const tokens = await signInAsGuest()
      opened.push(tokens)
      return tokens
    }
    const session = new Session({ transport, store: watched, clock, signInAgain })
    let signedOut: Promise<unknown> = Promise.resolve()
    wire.onNextAnswer(operation, async () => {
      signedOut = session.signOut()
      await expect(session.tokens()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    })
    await expect(session.send(me)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    await signedOut
    expect(made).toEqual([null, null])
    expect(wire.operations.at(-1)).toBe('EndSession')
    const { bearer } = wire.calls.at(-1) ?? {}
    expect(bearer).toEqual(expect.any(String))
    expect((await idem.askAs(bearer ?? '', '{ me { id } }')).status).toBe(401)
    for (const tokens of opened) expect(tokens.accessToken).toBe(bearer)
  },
)

test('a step-up that ends after a sign-out keeps nothing', async () => {
  const session = open()
  let signedOut: Promise<unknown> = Promise.resolve()
  wire.onNextAnswer('StepUp', () => {
    signedOut = session.signOut()
  })
  const stepping = session.stepUp(async (bearer) => stepUp(bearer, answerAsGuest(guest)))
  await expect(stepping).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  await signedOut
  expect(await store.read()).toBeNull()
  expect(await isAlive(first)).toBe(false)
})

test('a renewal that waits for its turn behind a sign-out does not begin', async () => {
  minutes(26)
  const session = open()
  const leaving = session.signOut()
  await expect(open().tokens()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  await leaving
  expect(wire.operations).toEqual(['RefreshSession', 'EndSession'])
})

test('a session that was opened again but cannot be kept is ended', async () => {
  minutes(31)
  const full: TokenStore = {
    read: () => store.read(),
    update: async (change) =>
      change(await store.read(), async ({ refreshStartedAt }) => {
        if (refreshStartedAt === null) throw new Error('the disk is full')
      }),
  }
  const opened: Tokens[] = []
  const signInAgain = async () => {
    opened.push(await signInAsGuest())
    return opened[0] ?? first
  }
  const session = new Session({ transport, store: full, clock, signInAgain })
  await expect(session.tokens()).rejects.toThrow('the disk is full')
  expect(opened).toHaveLength(1)
  expect(await isAlive(opened[0] ?? first)).toBe(false)
})

test('an access token that does not say when it was issued is not kept', () => {
  expect(() => keepTokens({ ...first, accessToken: 'opaque' }, new Date())).toThrow('when it was issued')
})
