// The settings of passkeys: the RP ID, the origins, and the list of related origins.
import { expect, test } from 'vitest'
import { EnvironmentProblems, readEnvironment } from '../../../src/config/read-environment.js'
import { relyingPartyOf } from '../../../src/methods/passkey/relying-party.js'
import { passkeySettings } from '../../../src/methods/passkey/settings.js'
import { codeOf, dataOf } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { PasskeyOwner } from '../../support/passkey-owner.js'
import { SoftwareAuthenticator } from '../../support/software-authenticator.js'
import { startTestService, type TestService } from '../../support/start-service.js'

type Environment = Readonly<Record<string, string>>

const production = { NODE_ENV: 'production', IDEM_PUBLIC_URL: 'https://id.example.org' }

const read = (environment: Environment) => readEnvironment({ passkey: passkeySettings }, environment).passkey

/** The relying party of an environment. */
const relyingParty = (environment: Environment) => {
  const publicUrl = environment['IDEM_PUBLIC_URL'] ?? 'http://localhost:4000'
  return relyingPartyOf(read(environment), publicUrl)
}

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    read(environment)
    return []
  } catch (error) {
    if (error instanceof EnvironmentProblems) return error.problems
    throw error
  }
}

test('by default passkeys belong to the host of the public URL, and its pages use them', () => {
  const party = relyingParty(production)
  expect(party?.rpId).toBe('id.example.org')
  expect(party?.allows('https://id.example.org')).toBe(true)
  for (const other of [
    'https://example.org',
    'http://id.example.org',
    'https://id.example.org:8443',
    'http://localhost',
  ])
    expect(party?.allows(other), other).toBe(false)
})

test('in development any page on localhost uses them', () => {
  const party = relyingParty({})
  expect(party?.rpId).toBe('localhost')
  for (const origin of ['http://localhost:4000', 'http://localhost:8080', 'https://localhost'])
    expect(party?.allows(origin), origin).toBe(true)
  for (const other of [
    'http://localhost.evil.example',
    'http://evil.example/localhost',
    'http://127.0.0.1:4000',
  ])
    expect(party?.allows(other), other).toBe(false)
})

test('several origins share a domain above them, and others are related', () => {
  const party = relyingParty({
    ...production,
    IDEM_PASSKEY_RP_ID: 'example.org',
    IDEM_PASSKEY_ORIGINS: 'https://app.example.org, https://EXAMPLE.org',
    IDEM_PASSKEY_RELATED_ORIGINS: 'https://example.de',
  })
  expect(party?.rpId).toBe('example.org')
  for (const origin of [
    'https://id.example.org',
    'https://app.example.org',
    'https://example.org',
    'https://example.de',
  ])
    expect(party?.allows(origin), origin).toBe(true)
  expect(party?.allows('https://other.example.org')).toBe(false)
})

test.each<readonly [string, Environment, string]>([
  [
    'an RP ID that is an address',
    { IDEM_PASSKEY_RP_ID: '192.0.2.1' },
    'IDEM_PASSKEY_RP_ID must be a domain name',
  ],
  [
    'an RP ID with a scheme',
    { IDEM_PASSKEY_RP_ID: 'https://example.org' },
    'IDEM_PASSKEY_RP_ID must be a domain name',
  ],
  ['an RP ID in capitals', { IDEM_PASSKEY_RP_ID: 'Example.org' }, 'IDEM_PASSKEY_RP_ID must be a domain name'],
  ['a top-level domain', { IDEM_PASSKEY_RP_ID: 'org' }, 'IDEM_PASSKEY_RP_ID must be a domain name'],
  [
    'an RP ID on another domain',
    { IDEM_PASSKEY_RP_ID: 'example.com' },
    'IDEM_PASSKEY_RP_ID must be the host of IDEM_PUBLIC_URL',
  ],
  [
    'an RP ID that only ends alike',
    { IDEM_PASSKEY_RP_ID: 'ample.org' },
    'IDEM_PASSKEY_RP_ID must be the host of IDEM_PUBLIC_URL',
  ],
  [
    'an RP ID below the host',
    { IDEM_PASSKEY_RP_ID: 'a.id.example.org' },
    'IDEM_PASSKEY_RP_ID must be the host of IDEM_PUBLIC_URL',
  ],
  [
    'an origin on another domain',
    { IDEM_PASSKEY_ORIGINS: 'https://example.com' },
    'IDEM_PASSKEY_ORIGINS lists https://example.com, which is not on id.example.org',
  ],
  [
    'an origin above the RP ID',
    { IDEM_PASSKEY_ORIGINS: 'https://example.org' },
    'IDEM_PASSKEY_ORIGINS lists https://example.org, which is not on id.example.org',
  ],
  [
    'an origin without TLS',
    { IDEM_PASSKEY_ORIGINS: 'http://id.example.org' },
    'IDEM_PASSKEY_ORIGINS must list https origins',
  ],
  [
    'localhost in production',
    { IDEM_PASSKEY_ORIGINS: 'http://localhost:8080' },
    'IDEM_PASSKEY_ORIGINS must list https origins',
  ],
  [
    'an origin with a path',
    { IDEM_PASSKEY_ORIGINS: 'https://id.example.org/app' },
    'IDEM_PASSKEY_ORIGINS must be an origin',
  ],
  [
    'a related origin on the own domain',
    { IDEM_PASSKEY_RELATED_ORIGINS: 'https://a.id.example.org' },
    'IDEM_PASSKEY_RELATED_ORIGINS lists https://a.id.example.org, which is on id.example.org',
  ],
  [
    'a related origin without TLS',
    { IDEM_PASSKEY_RELATED_ORIGINS: 'http://example.de' },
    'IDEM_PASSKEY_RELATED_ORIGINS must list https origins',
  ],
])('%s is refused at the start', (_name, environment, problem) => {
  const problems = problemsOf({ ...production, ...environment })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})

test('in development an origin without TLS is one on localhost', () => {
  expect(problemsOf({ IDEM_PASSKEY_ORIGINS: 'http://localhost:8080,http://app.localhost' })).toEqual([])
  expect(problemsOf({ IDEM_PASSKEY_ORIGINS: 'http://example.org' })[0]).toContain('or ones on localhost')
})

const withService = async (
  environment: Environment,
  work: (idem: TestService) => Promise<void>,
): Promise<void> => {
  const idem = await startTestService({ environment })
  try {
    await work(idem)
  } finally {
    await idem.stop()
  }
}

test('the related origins are published, and their pages use the passkeys of the RP ID', async () => {
  const environment = {
    IDEM_PUBLIC_URL: 'https://id.example.org',
    IDEM_PASSKEY_RP_ID: 'example.org',
    IDEM_PASSKEY_RELATED_ORIGINS: 'https://example.de,https://example.fr',
  }
  await withService(environment, async (idem) => {
    const published = await fetch(`${idem.url}/.well-known/webauthn`)
    expect(published.headers.get('content-type')).toContain('application/json')
    expect(await published.json()).toEqual({ origins: ['https://example.de', 'https://example.fr'] })
    const owner = new PasskeyOwner(idem, {}, new SoftwareAuthenticator('https://example.de'))
    const { accessToken } = await signInAsGuest(idem)
    const linked = dataOf(await owner.link(accessToken)).linkIdentity
    expect(linked.identity.issuer).toBe('example.org')
    expect(codeOf(await owner.signIn({ origin: 'https://id.example.org' }))).toBeNull()
    expect(codeOf(await owner.signIn({ origin: 'https://example.com' }))).toBe('PROOF_REJECTED')
  })
})

test('a service that is reached by an address has no passkeys, and says what to do', async () => {
  await withService({ IDEM_PUBLIC_URL: 'http://127.0.0.1:4000' }, async (idem) => {
    const refused = await new PasskeyOwner(idem).tryChallenge()
    expect(codeOf(refused)).toBe('BAD_USER_INPUT')
    expect(refused.errors[0]?.message).toContain('IDEM_PASSKEY_RP_ID')
  })
})

test('the life of a challenge is set, and without related origins none are published', async () => {
  await withService({ IDEM_PASSKEY_CHALLENGE_SECONDS: '60' }, async (idem) => {
    expect((await fetch(`${idem.url}/.well-known/webauthn`)).status).toBe(404)
    const { message, expiresAt } = await new PasskeyOwner(idem).challenge()
    expect(JSON.parse(message).timeout).toBe(60_000)
    expect(new Date(expiresAt).getTime() - idem.clock.now().getTime()).toBe(60_000)
  })
})
