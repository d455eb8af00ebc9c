// A bearer that does not hold is refused as one, whatever it looks like, and never taken for no bearer.
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { request } from 'node:http'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unseal } from '../../../src/tokens/sealed-value.js'
import { claimsOf, codeOf, dataOf, headerOf } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

let idem: TestService
let tables: Tables
let guest: SignedIn
/** The service's own signing key, so that each forgery differs from a good token in one thing. */
let ownKey: Awaited<ReturnType<typeof importJWK>>
let publicJwk: JWK
beforeAll(async () => {
  idem = await startTestService()
  tables = await Tables.open(idem.databaseUrl)
  guest = await signInAsGuest(idem)
  const [row] = await tables.query('select public_jwk, sealed_private_jwk from signing_key')
  const opened = await unseal(idem.foundation.keyRing, 'signing-key', row.sealed_private_jwk)
  ownKey = await importJWK(opened?.data as JWK, 'EdDSA')
  publicJwk = row.public_jwk
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
})

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token like the guest's but for these claims and header fields, signed with `key`. */
const forge = async (
  changed: { claims?: Record<string, unknown>; header?: Record<string, unknown> } = {},
  key = ownKey,
): Promise<string> => {
  const claims = { ...claimsOf(guest.accessToken), ...changed.claims }
  const header = { ...headerOf(guest.accessToken), ...changed.header } as { alg: string }
  return await new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** Every refused bearer looks the same to its bearer. */
const expectRefused = (answer: Answer): void => {
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  expect(answer.data).toBeNull()
  expect(answer.errors).toHaveLength(1)
  expect(answer.errors[0]?.extensions).toEqual({
    code: 'UNAUTHENTICATED',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
}

/** `me` would answer null to nobody, `signIn` would sign anybody in: neither may happen. */
const expectNeverAnonymous = async (authorization: string): Promise<void> => {
  expectRefused(await idem.ask('{ me { id } __typename }', {}, { authorization }))
  const before = await tables.contents()
  const query = 'mutation { signIn(input: { proof: { anonymous: {} } }) { account { id } } }'
  expectRefused(await idem.ask(query, {}, { authorization }))
  expect(await tables.contents()).toEqual(before)
}

test('a forgery that differs in nothing is accepted, so the ones below are refused for what they differ in', async () => {
  const token = await forge()
  expect(dataOf(await idem.askAs(token, '{ me { id } }')).me.id).toBe(guest.accountId)
})

const foreign = generateKeyPairSync('ed25519')

test.each([
  [
    'no algorithm',
    async () =>
      `${part({ ...headerOf(guest.accessToken), alg: 'none' })}.${part(claimsOf(guest.accessToken))}.`,
  ],
  [
    'no algorithm, and something for a signature',
    async () =>
      `${part({ ...headerOf(guest.accessToken), alg: 'none' })}.${part(claimsOf(guest.accessToken))}.AA`,
  ],
  [
    'HS256 with the public key as the secret',
    async () => {
      const head = `${part({ ...headerOf(guest.accessToken), alg: 'HS256' })}.${part(claimsOf(guest.accessToken))}`
      const secret = Buffer.from(String(publicJwk.x), 'base64url')
      return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
    },
  ],
  [
    'HS256 with the public key as a PEM',
    async () => {
      const head = `${part({ ...headerOf(guest.accessToken), alg: 'HS256' })}.${part(claimsOf(guest.accessToken))}`
      return `${head}.${createHmac('sha256', JSON.stringify(publicJwk)).update(head).digest('base64url')}`
    },
  ],
  ['a foreign key under our kid', async () => await forge({}, foreign.privateKey as never)],
  ['a foreign kid', async () => await forge({ header: { kid: 'A'.repeat(43) } })],
  ['no kid', async () => await forge({ header: { kid: undefined } })],
  ['a kid that is a path', async () => await forge({ header: { kid: '../../etc/passwd' } })],
  [
    'an embedded jwk of its own',
    async () => {
      const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
      return await forge({ header: { jwk: await exportJWK(publicKey), kid: undefined } }, privateKey)
    },
  ],
  [
    'an embedded jwk under our kid',
    async () => {
      const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
      return await forge({ header: { jwk: await exportJWK(publicKey) } }, privateKey)
    },
  ],
  [
    'a jku of its own',
    async () =>
      await forge({ header: { jku: 'http://127.0.0.1:9/jwks.json', kid: 'x' } }, foreign.privateKey as never),
  ],
  [
    'an unknown crit',
    async () => {
      const token = await forge()
      const [, payload, signature] = token.split('.')
      return `${part({ ...headerOf(token), crit: ['exp'], exp: 1 })}.${payload}.${signature}`
    },
  ],
  ['the typ of another JWT', async () => await forge({ header: { typ: 'JWT' } })],
  ['the typ of an ID token', async () => await forge({ header: { typ: undefined } })],
  ['another audience', async () => await forge({ claims: { aud: 'https://elsewhere.example' } })],
  ['no audience', async () => await forge({ claims: { aud: undefined } })],
  ['another issuer', async () => await forge({ claims: { iss: 'https://elsewhere.example' } })],
  [
    'an issuer that begins like ours',
    async () => await forge({ claims: { iss: `${idem.url}.evil.example` } }),
  ],
  ['no expiry', async () => await forge({ claims: { exp: undefined } })],
  ['an expiry in the past', async () => await forge({ claims: { exp: 1 } })],
  [
    'an expiry at this second',
    async () => await forge({ claims: { exp: Math.floor(idem.clock.now().getTime() / 1000) } }),
  ],
  [
    'an expiry that is no number',
    async () => {
      const token = await forge()
      const head = `${token.split('.')[0]}.${part({ ...claimsOf(token), exp: 'never' })}`
      return `${head}.${token.split('.')[2]}`
    },
  ],
  [
    'a session of nobody',
    async () => await forge({ claims: { sid: '00000000-0000-7000-8000-000000000000' } }),
  ],
  [
    'the session of another account',
    async () => {
      const other = await signInAsGuest(idem)
      return await forge({ claims: { sid: claimsOf(other.accessToken)['sid'] } })
    },
  ],
  [
    'changed claims',
    async () => {
      const [header, , signature] = guest.accessToken.split('.')
      return `${header}.${part({ ...claimsOf(guest.accessToken), scope: 'all more' })}.${signature}`
    },
  ],
  ['a signature cut short', async () => guest.accessToken.slice(0, -4)],
  ['no signature', async () => `${guest.accessToken.split('.').slice(0, 2).join('.')}.`],
])('an access token with %s is refused', async (_difference, make) => {
  await expectNeverAnonymous(`Bearer ${await make()}`)
})

test('a sealed challenge, its JWE parts and a refresh token are no bearers', async () => {
  const owner = new KeyOwner(idem)
  const { refreshToken } = await owner.signIn()
  const { id } = await owner.challenge()
  const parts = id.split('.')
  for (const token of [id, parts.slice(2).join('.'), `${parts[0]}.${parts[3]}.${parts[4]}`, refreshToken])
    await expectNeverAnonymous(`Bearer ${token}`)
})

test('an access token and a refresh token are no challenges, an access token and a challenge no refresh tokens', async () => {
  const owner = new KeyOwner(idem)
  const { accessToken, refreshToken } = await owner.signIn()
  const { id, message } = await owner.challenge()
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }'
  for (const challengeId of [accessToken, refreshToken]) {
    const input = { ...owner.answer({ id, message }), challengeId }
    expect(codeOf(await idem.ask(signIn, { input }))).toBe('PROOF_REJECTED')
    const found = await idem.ask('query ($id: ID!) { challenge(id: $id) { status } }', { id: challengeId })
    expect(codeOf(found)).toBe('NOT_FOUND')
  }
  for (const token of [accessToken, id]) {
    const answer = await idem.ask(
      'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }',
      { input: { refreshToken: token } },
    )
    expect(codeOf(answer)).toBe('UNAUTHENTICATED')
  }
})

test.each(
  [
    'Bearer',
    'Bearer ',
    'Bearer null',
    'Bearer undefined',
    'Bearer a.b.c',
    'Bearer ..',
    'Bearer e30.e30.e30',
    'Bearer eyJhbGciOiJub25lIn0.e30.AA',
    `Bearer ${'A'.repeat(10_240)}`,
    `Bearer ${'A'.repeat(3_000)}.${'A'.repeat(3_000)}.${'A'.repeat(2_000)}`,
    `Bearer ${'[['.repeat(2_000)}`,
    'Bearer idem_0_0',
    "Bearer ' or 1=1 --",
    'Bearer \u00e4\u00f6\u00fc',
    'Bearer a b',
    'Basic dXNlcjpwYXNz',
    'Digest username="a"',
    'bearer',
    'x',
  ].map((header) => [header.slice(0, 40), header] as const),
)('the Authorization header "%s" is refused', async (_shown, authorization) => {
  await expectNeverAnonymous(authorization)
})

/** `fetch` would not send these as they are. */
const askRaw = async (
  headers: Record<string, string | string[]>,
): Promise<{ status: number; body: string }> =>
  await new Promise((resolve, reject) => {
    const body = JSON.stringify({ query: '{ me { id } }' })
    const call = request(
      `${idem.url}/graphql`,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    call.on('error', reject)
    call.end(body)
  })

test('an empty Authorization header, and two of them, are refused as well', async () => {
  const empty = await askRaw({ authorization: '' })
  expect(empty).toMatchObject({ status: 401 })
  expect(empty.body).toContain('UNAUTHENTICATED')
  const twice = await askRaw({ authorization: ['Bearer x', `Bearer ${guest.accessToken}`] })
  expect(twice).toMatchObject({ status: 401 })
})

test('the scheme is case-insensitive, and the same token is accepted again and again', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    for (let index = 0; index < 2; index++) {
      const answer = await idem.ask('{ me { id } }', {}, { authorization: `${scheme} ${guest.accessToken}` })
      expect(dataOf(answer).me.id).toBe(guest.accountId)
    }
})

test('no header is an anonymous call: me and session are null', async () => {
  expect(dataOf(await idem.ask('{ me { id } session { id } }'))).toEqual({ me: null, session: null })
})
