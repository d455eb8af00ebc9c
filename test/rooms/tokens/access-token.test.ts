// An access token can be checked by anyone with jose and the discovery document, and says what RFC 9068 asks.
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { dataOf, headerOf, refresh } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { startTestService } from '../../support/start-service.js'

const { idem } = await serviceOfFile()

/** What a service elsewhere does: one document, one key set, one check. */
const checkElsewhere = async (token: string, audience: string) => {
  const discovery = await fetch(`${idem.url}/.well-known/openid-configuration`)
  const { issuer, jwks_uri: jwksUri } = (await discovery.json()) as { issuer: string; jwks_uri: string }
  expect(issuer).toBe(idem.url)
  return await jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), {
    issuer,
    audience,
    typ: 'at+jwt',
    algorithms: ['EdDSA'],
    requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
  })
}

test('a token is checked outside of Idem with only jose and the discovery document', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken, accountId } = await owner.signIn('checked-elsewhere')
  const { payload, protectedHeader } = await checkElsewhere(accessToken, idem.url)
  const { session } = dataOf(await idem.askAs(accessToken, '{ session { id } }'))
  const now = Math.floor(Date.now() / 1000)
  expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) })
  expect(payload).toEqual({
    iss: idem.url,
    aud: idem.url,
    sub: accountId,
    sid: session.id,
    client_id: 'idem',
    scope: 'all',
    amr: ['pop'],
    acr: 'aal1',
    iat: expect.any(Number),
    auth_time: expect.any(Number),
    exp: Number(payload.iat) + 25 * 60,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(Math.abs(Number(payload.iat) - now)).toBeLessThan(5)
  expect(payload['auth_time']).toBe(payload.iat)
})

test("a guest's token says that nothing was proven", async () => {
  const { accessToken } = await signInAsGuest(idem)
  const { payload } = await checkElsewhere(accessToken, idem.url)
  expect(payload).toMatchObject({ amr: [], acr: 'aal0' })
})

test('a refreshed token is another one, of the same session and the same authentication', async () => {
  const first = await new KeyOwner(idem).signIn()
  const one = (await checkElsewhere(first.accessToken, idem.url)).payload
  idem.clock.advance(2)
  const second = await refresh(idem, first.refreshToken)
  const two = (await checkElsewhere(second.accessToken, idem.url)).payload
  expect(two).toMatchObject({ sid: one['sid'], sub: one.sub, auth_time: one['auth_time'] })
  expect(two.jti).not.toBe(one.jti)
  expect(two.iat).toBeGreaterThan(Number(one.iat))
})

test('a token that was changed by one character is refused outside as well', async () => {
  const { accessToken } = await signInAsGuest(idem)
  const [header, payload, signature = ''] = accessToken.split('.')
  const flipped = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  await expect(checkElsewhere(flipped, idem.url)).rejects.toThrow(errors.JWSSignatureVerificationFailed)
  await expect(checkElsewhere(accessToken, 'https://elsewhere.example')).rejects.toThrow(
    errors.JWTClaimValidationFailed,
  )
})

test('IDEM_AUDIENCE and IDEM_PUBLIC_URL are the aud and iss, and what the documents say', async () => {
  const other = await startTestService({
    environment: { IDEM_PUBLIC_URL: 'https://id.example.org', IDEM_AUDIENCE: 'https://api.example.org' },
  })
  try {
    const { accessToken } = await signInAsGuest(other)
    const keys = (await (await fetch(`${other.url}/.well-known/jwks.json`)).json()) as { keys: never[] }
    expect(JSON.stringify(keys)).not.toContain('"d"')
    const { createLocalJWKSet } = await import('jose')
    await jwtVerify(accessToken, createLocalJWKSet(keys), {
      issuer: 'https://id.example.org',
      audience: 'https://api.example.org',
    })
    expect((await other.askAs(accessToken, '{ me { id } }')).status).toBe(200)
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const document = await (await fetch(`${other.url}/.well-known/${name}`)).json()
      expect(document).toMatchObject({
        issuer: 'https://id.example.org',
        jwks_uri: 'https://id.example.org/.well-known/jwks.json',
      })
    }
    // A token of one installation is none of the other's.
    expect((await idem.askAs(accessToken, '{ me { id } }')).status).toBe(401)
  } finally {
    await other.stop()
  }
})

test('the published keys are public: Ed25519, for signatures, named as the tokens name them', async () => {
  const answer = await fetch(`${idem.url}/.well-known/jwks.json`)
  expect(answer.headers.get('content-type')).toMatch(/^application\/(jwk-set\+)?json/)
  expect(answer.headers.get('cache-control')).toMatch(/max-age=\d+/)
  const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
  const { accessToken } = await signInAsGuest(idem)
  expect(keys).toEqual([
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.stringMatching(/^[\w-]{43}$/),
      kid: headerOf(accessToken)['kid'],
      alg: 'EdDSA',
      use: 'sig',
    },
  ])
})
