// A service that stops while clients are busy with it: what is under way ends well, and nothing holds the stop up.
import { expect, onTestFinished, test } from 'vitest'
import { httpTransport } from '../../src/client/transport.js'
import { watchChallenge } from '../../src/client/watch-challenge.js'
import { codeOf, millisecondsUntil } from '../support/calls.js'
import { EventStream } from '../support/event-stream.js'
import { KeyOwner } from '../support/key-owner.js'
import { tryPassword } from '../support/password-owner.js'
import { startTestService } from '../support/start-service.js'

/** Ends a test whose stop hangs; a stop that works takes milliseconds. */
const hangs = 30_000

test('a password that waits to be checked is refused at once, and the one that is being checked is not', {
  timeout: hangs,
}, async () => {
  const idem = await startTestService({
    environment: { IDEM_PASSWORDS_AT_ONCE: '1', IDEM_PASSWORD_QUEUE: '1' },
  })
  const { passwordHasher } = idem.foundation
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const checked = passwordHasher.inTurn('another network', async () => {
    await mayEnd
    return 'checked'
  })
  const waiting = tryPassword(idem, { login: 'nobody.here', password: 'three brown foxes' })
  // Until it waits, there is a place for others.
  await millisecondsUntil(hangs, async () => {
    try {
      passwordHasher.admit('another network')
      return false
    } catch {
      return true
    }
  })
  const stopped = idem.stop()
  const refused = await waiting
  expect([refused.status, codeOf(refused)]).toEqual([503, 'UNAVAILABLE'])
  expect(refused.headers.get('retry-after')).toBe('1')
  end()
  expect(await checked).toBe('checked')
  await stopped
})

test('open streams end without `complete`, for which a client would take the end of the challenge', {
  timeout: hangs,
}, async () => {
  const idem = await startTestService()
  const { id } = await new KeyOwner(idem).challenge()
  const stream = await EventStream.watch(idem, id)
  await stream.until('PENDING null')
  const ended = stream.ended()
  await idem.stop()
  expect(await ended).toBe('broken')
})

test('a client that has left its watch has no stream at the service any more', {
  timeout: hangs,
}, async () => {
  const idem = await startTestService()
  onTestFinished(async () => await idem.stop())
  const listeners = (): number => idem.foundation.notifications.listenerCount('held_challenge')
  const { id } = await new KeyOwner(idem).challenge()
  for await (const { status } of watchChallenge(httpTransport({ url: idem.url }), id)) {
    expect(status).toBe('PENDING')
    await millisecondsUntil(hangs, async () => listeners() === 1)
    break
  }
  await millisecondsUntil(hangs, async () => listeners() === 0)
})
