// New handles are limited by network, whichever way they are asked for: one count for all ways.
import { expect, onTestFinished, test } from 'vitest'
import { codeOf, dataOf, setHandle } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'

const start = async (environment: Readonly<Record<string, string>>): Promise<TestService> => {
  const idem = await startTestService({ environment })
  onTestFinished(async () => await idem.stop())
  return idem
}

const expectLimited = (answer: Answer): void => {
  expect([codeOf(answer), answer.status]).toEqual(['RATE_LIMITED', 429])
}

const ask = async (idem: TestService, handle: string): Promise<Answer> =>
  await idem.ask('query ($handle: String!) { handleAvailable(handle: $handle) }', { handle })

test('handles that are registered with fresh keys, and those that accounts pick, count together', async () => {
  const idem = await start({ IDEM_THROTTLE_NEW_HANDLES_PER_SOURCE: '4' })
  const known = new KeyOwner(idem)
  await known.signIn('new-1')
  await new KeyOwner(idem).signIn('new-2')
  // One that is taken was asked for, too.
  expect(codeOf(await new KeyOwner(idem).trySignIn('new-1'))).toBe('PROOF_REJECTED')
  const { accessToken } = await signInAsGuest(idem)
  dataOf(await setHandle(idem, accessToken, 'new-3'))
  expectLimited(await new KeyOwner(idem).trySignIn('new-4'))
  expectLimited(await setHandle(idem, accessToken, 'new-4'))
  expect(dataOf(await ask(idem, 'new-4')).handleAvailable).toBe(true)
  // Who has a handle signs in with it as before, and without one anybody registers.
  for (let count = 0; count < 6; count++) await known.signIn('new-1')
  await new KeyOwner(idem).signIn()
  idem.clock.advance(301)
  await new KeyOwner(idem).signIn('new-4')
})

test('asking, registering and picking count together against what a network may learn', async () => {
  const idem = await start({ IDEM_THROTTLE_HANDLES_PER_SOURCE: '3' })
  const { accessToken } = await signInAsGuest(idem)
  dataOf(await ask(idem, 'learn-1'))
  await new KeyOwner(idem).signIn('learn-2')
  dataOf(await setHandle(idem, accessToken, 'learn-3'))
  expectLimited(await ask(idem, 'learn-4'))
  expectLimited(await new KeyOwner(idem).trySignIn('learn-4'))
  expectLimited(await setHandle(idem, accessToken, 'learn-4'))
})
