// Signing keys are rotated with overlap, on every process, and a leaked one is dropped at once.
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askMe, atOnce, headerOf, millisecondsUntil, refresh, untilRefused } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { MovableClock, startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const lead = 15 * 60
const publicUrl = 'http://idem.test:4000'

let here: TestService
let there: TestService
const clock = new MovableClock()
beforeAll(async () => {
  const environment = { IDEM_PUBLIC_URL: publicUrl }
  here = await startTestService({ clock, environment })
  there = await startTestService({ clock, environment, databaseUrl: here.databaseUrl })
})
afterAll(async () => {
  await here.stop()
  await there.stop()
})

const publishedBy = async (idem: TestService): Promise<string[]> => {
  const { keys } = (await (await fetch(`${idem.url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string }[]
  }
  return keys.map(({ kid }) => kid)
}

const kidOf = (token: string): string => String(headerOf(token)['kid'])

test('several services that start at once on an empty table make one signing key', async () => {
  const { createDatabase } = await import('../../support/start-service.js')
  const databaseUrl = await createDatabase()
  const services = await Promise.all([1, 2, 3].map(() => startTestService({ databaseUrl, clock })))
  try {
    const published = await Promise.all(services.map(publishedBy))
    expect(published[0]).toHaveLength(1)
    expect(new Set(published.map(String)).size).toBe(1)
  } finally {
    for (const service of services) await service.stop()
  }
})

test('a new key is published at once everywhere, signs after its lead time, and the old tokens hold', async () => {
  const before = await signInAsGuest(here)
  const oldKid = kidOf(before.accessToken)
  const { kid } = await here.foundation.signingKeys.add(here.foundation.ownCall(), lead)
  for (const idem of [here, there])
    await millisecondsUntil(1_000, async () => {
      const published = await publishedBy(idem)
      return published.length === 2 && published[0] === oldKid && published[1] === kid
    })
  for (const idem of [here, there]) expect(kidOf((await signInAsGuest(idem)).accessToken)).toBe(oldKid)

  clock.advance(lead - 5)
  const justBefore = await signInAsGuest(there)
  expect(kidOf(justBefore.accessToken)).toBe(oldKid)
  clock.advance(10)
  for (const idem of [here, there]) {
    const after = await signInAsGuest(idem)
    expect(kidOf(after.accessToken)).toBe(kid)
    for (const other of [here, there]) {
      expect((await askMe(other, after.accessToken)).status).toBe(200)
      expect((await askMe(other, justBefore.accessToken)).status).toBe(200)
    }
  }
  expect(kidOf((await refresh(here, justBefore.refreshToken)).accessToken)).toBe(kid)

  // A token that the old key signed last is still checked by its published key when it ends, and the key goes later.
  clock.advance(25 * 60 - 11)
  expect((await askMe(there, justBefore.accessToken)).status).toBe(200)
  expect(await publishedBy(there)).toContain(oldKid)
  clock.advance(2 * 3_600)
  for (const idem of [here, there]) expect(await publishedBy(idem)).toEqual([kid])
})

test('a process that missed the notice of a new key learns it from the first token that it signed', async () => {
  const { kid } = await here.foundation.signingKeys.add(here.foundation.ownCall(), 0)
  await here.foundation.signingKeys.read()
  const { accessToken } = await signInAsGuest(here)
  expect(kidOf(accessToken)).toBe(kid)
  // All that ask at once learn it, not just the first.
  for (const answer of await atOnce(20, () => askMe(there, accessToken))) expect(answer.status).toBe(200)
  const answer = await fetch(`${there.url}/.well-known/jwks.json`)
  const keys = (await answer.json()) as { keys: never[] }
  await jwtVerify(accessToken, createLocalJWKSet(keys), { issuer: publicUrl, currentDate: clock.now() })
})

test('when all keys but one are removed, the tokens of the others are refused everywhere within a second, however busy they are', async () => {
  for (let round = 0; round < 5; round++) {
    const leaked = await signInAsGuest(here)
    for (const idem of [here, there]) expect((await askMe(idem, leaked.accessToken)).status).toBe(200)
    let busy = true
    const traffic = [here, there].map(async (idem) => {
      while (busy) await Promise.all([1, 2, 3].map(() => askMe(idem, leaked.accessToken)))
    })
    try {
      const call = here.foundation.ownCall()
      const { kid } = await call.inTransaction(async (inner) => {
        const added = await here.foundation.signingKeys.add(inner, 0)
        await here.foundation.signingKeys.removeOthers(inner, added.kid)
        return added
      })
      for (const idem of [here, there]) {
        await untilRefused(idem, leaked.accessToken)
        expect(await publishedBy(idem)).toEqual([kid])
      }
      // And stay refused: what was checked meanwhile is not remembered.
      await new Promise((resolve) => setTimeout(resolve, 100))
      for (const idem of [here, there]) expect((await askMe(idem, leaked.accessToken)).status).toBe(401)
      expect(kidOf((await refresh(there, leaked.refreshToken)).accessToken)).toBe(kid)
    } finally {
      busy = false
      await Promise.all(traffic)
    }
  }
})

test('a key that was added before the first start signs at once: there is nobody yet who must learn of it', async () => {
  const first = await startTestService({ clock })
  const tables = await Tables.open(first.databaseUrl)
  try {
    const { kid } = await first.foundation.signingKeys.add(first.foundation.ownCall(), lead)
    await tables.query('delete from signing_key where kid <> $1', [kid])
    await millisecondsUntil(1_000, async () => (await publishedBy(first)).join() === kid)
    const guest = await signInAsGuest(first)
    expect((await askMe(first, guest.accessToken)).status).toBe(200)
  } finally {
    await tables.close()
    await first.stop()
  }
})
