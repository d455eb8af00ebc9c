// docs/operations.md: signing keys are replaced, by routine and after a leak; what Idem and third parties then believe.
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { askMe, codeOf, dataOf, millisecondsUntil, refresh } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { block, production, serving, shell, withoutNpm } from '../support/operations.js'
import { createDatabase } from '../support/start-service.js'

test('a routine change is noticed by nobody, and after a leak only a cached key set believes the old key', {
  timeout: 180_000,
}, async () => {
  const environment = production(await createDatabase())
  await serving(environment, async (idem) => {
    const url = new URL(`${idem.url}/.well-known/jwks.json`)
    const thirdParty = createRemoteJWKSet(url)
    const claims = { issuer: 'https://id.example.org', audience: 'https://id.example.org' }
    const owner = new KeyOwner(idem)
    const signedIn = await owner.signIn()
    const isBelievedBy = async (keys: ReturnType<typeof createRemoteJWKSet>, token: string) =>
      await jwtVerify(token, keys, claims).then(
        () => true,
        () => false,
      )

    const routine = await shell(withoutNpm(block('New secrets', 0)), environment)
    expect(routine).toMatch(/^Added signing key .* It signs from /)
    expect(dataOf(await askMe(idem, signedIn.accessToken)).me.id).toBe(signedIn.accountId)
    expect(await isBelievedBy(thirdParty, signedIn.accessToken)).toBe(true)
    expect((await fetch(url)).headers.get('cache-control')).toBe('public, max-age=300')

    const leak = await shell(withoutNpm(block('A leaked key or secret', 0)), environment)
    expect(leak).toContain('Removed 2 others')
    await millisecondsUntil(
      5_000,
      async () => codeOf(await askMe(idem, signedIn.accessToken)) === 'UNAUTHENTICATED',
    )
    // It has the old set, and need not ask for a key that it knows.
    expect(await isBelievedBy(thirdParty, signedIn.accessToken)).toBe(true)
    expect(await isBelievedBy(createRemoteJWKSet(url), signedIn.accessToken)).toBe(false)
    const { accessToken } = await refresh(idem, signedIn.refreshToken)
    expect(dataOf(await askMe(idem, accessToken)).me.id).toBe(signedIn.accountId)
    expect(await isBelievedBy(createRemoteJWKSet(url), accessToken)).toBe(true)
  })
})
