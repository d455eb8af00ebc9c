// Passkeys: the conformance suite, the ceremonies, and each thing that can be wrong in a response.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { describeMethod } from '../../conformance/method.js'
import { enrol, trySignInWith } from '../../support/authenticator.js'
import { askMe, atOnce, claimsOf, codeOf, dataOf, sessionIdOf, tally, unlink } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { PasskeyOwner, withMember } from '../../support/passkey-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import {
  type CborValue,
  encodeCbor,
  type Falsified,
  type PasskeyAlgorithm,
  type PasskeyResponse,
} from '../../support/software-authenticator.js'
import type { Answer } from '../../support/start-service.js'

describeMethod({
  name: 'passkey',
  newProver: async (service) => {
    const { owner } = await PasskeyOwner.registered(service)
    return {
      request: {},
      prove: (challenge) => ({
        response: owner.authenticator.get(challenge?.message ?? '{"challenge":"","rpId":""}'),
      }),
    }
  },
  malformedProofs: [
    { response: {} },
    { response: { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: {} } },
    { response: { id: '=', rawId: '=', type: 'public-key', response: { clientDataJSON: 'e30' } } },
    { response: { id: 'A'.repeat(10_000) } },
  ],
})

// The fuzzing tries one passkey more often than people do.
const { idem, tables } = await serviceOfFile({ environment: { IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '3000' } })

/** What is stored of a passkey. */
const storedOf = async (owner: PasskeyOwner) => {
  const [row] = await tables.query('select issuer, credential, account_id from identity where subject = $1', [
    owner.authenticator.credentialId,
  ])
  return row
}

/** The reason of the last refusal in the log. */
const lastReason = (): string => {
  const line = idem.logLines.findLast((each) => each.includes('"refused"'))
  return line === undefined ? '' : JSON.parse(line).reason
}

const sentenceOf = (answer: Answer): string => answer.errors[0]?.message ?? ''

describe('the options', () => {
  test('of a registration: discoverable, no personal data, no attestation, what the account has is excluded', async () => {
    const { owner, guest } = await PasskeyOwner.registered(idem)
    const { message, expiresAt } = await owner.challenge({
      purpose: 'LINK_IDENTITY',
      accessToken: guest.accessToken,
    })
    const options = JSON.parse(message)
    const userId = Buffer.from(guest.accountId.replaceAll('-', ''), 'hex').toString('base64url')
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      user: { id: userId, name: guest.accountId },
      attestation: 'none',
      timeout: 300_000,
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'preferred',
      },
    })
    expect(options.pubKeyCredParams.map(({ alg }: { alg: number }) => alg)).toEqual([-7, -8, -257])
    expect(options.excludeCredentials).toEqual([
      { type: 'public-key', id: owner.authenticator.credentialId, transports: ['hybrid', 'internal'] },
    ])
    expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32)
    expect(new Date(expiresAt).getTime() - idem.clock.now().getTime()).toBe(300_000)
  })

  test('of a sign-in name nobody; those of a step-up name the passkeys of the account', async () => {
    const { owner, guest } = await PasskeyOwner.registered(idem)
    const signIn = JSON.parse((await owner.challenge()).message)
    expect(signIn).toMatchObject({ rpId: 'localhost', allowCredentials: [], userVerification: 'preferred' })
    const { message } = await owner.challenge({
      purpose: 'STEP_UP',
      accessToken: guest.accessToken,
      userVerification: 'REQUIRED',
    })
    expect(JSON.parse(message)).toMatchObject({
      allowCredentials: [{ type: 'public-key', id: owner.authenticator.credentialId }],
      userVerification: 'required',
    })
  })

  test('a registration needs a session', async () => {
    expect(codeOf(await new PasskeyOwner(idem).tryChallenge({ purpose: 'LINK_IDENTITY' }))).toBe(
      'UNAUTHENTICATED',
    )
  })
})

test.each<PasskeyAlgorithm>(['ES256', 'EdDSA', 'RS256'])(
  'a passkey of %s is registered by linking, makes a guest a person, and signs in without a name',
  async (algorithm) => {
    const owner = new PasskeyOwner(idem, { algorithm })
    const guest = await signInAsGuest(idem)
    const linked = dataOf(await owner.link(guest.accessToken, {}, 'My phone')).linkIdentity
    expect(linked.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
    expect(linked.identity).toMatchObject({
      method: 'passkey',
      methodName: 'passkey',
      issuer: 'localhost',
      subject: owner.authenticator.credentialId,
      label: 'My phone',
    })
    const signedIn = dataOf(await owner.signIn()).signIn
    expect(signedIn).toMatchObject({ provisioned: false, account: { id: guest.accountId } })
    expect((await storedOf(owner)).credential).toMatchObject({
      counter: 2,
      transports: ['hybrid', 'internal'],
      userVerified: true,
      backupEligible: false,
      backedUp: false,
    })
  },
)

describe('the level', () => {
  test('user verification makes aal2; RFC 8176: a key in hardware, presence, several factors', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    const { tokens } = dataOf(await owner.signIn()).signIn
    expect(claimsOf(tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['hwk', 'user', 'mfa'] })
    owner.authenticator.traits.verifiesUser = false
    const weaker = dataOf(await owner.signIn()).signIn.tokens
    expect(claimsOf(weaker.accessToken)).toMatchObject({ acr: 'aal1', amr: ['hwk', 'user'] })
  })

  test('a passkey that is copied to other devices is a key in software, and does not count', async () => {
    const { owner } = await PasskeyOwner.registered(idem, { isSynced: true })
    const before = await storedOf(owner)
    for (const _time of [1, 2]) {
      const { tokens } = dataOf(await owner.signIn()).signIn
      expect(claimsOf(tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['swk', 'user', 'mfa'] })
    }
    expect(await storedOf(owner)).toEqual(before)
    expect(before.credential).toMatchObject({ counter: 0, backupEligible: true, backedUp: true })
  })

  test('a key that was registered without user verification is not believed when it verifies later', async () => {
    const { owner } = await PasskeyOwner.registered(idem, { verifiesUser: false })
    owner.authenticator.traits.verifiesUser = true
    const { tokens } = dataOf(await owner.signIn()).signIn
    expect(claimsOf(tokens.accessToken)['acr']).toBe('aal1')
    const stepped = dataOf(await owner.stepUp(tokens.accessToken)).stepUp
    expect(claimsOf(stepped.accessToken)['acr']).toBe('aal1')
    expect((await storedOf(owner)).credential.userVerified).toBe(false)
  })

  test('until it verifies within a session of aal2', async () => {
    const { owner: strong, guest } = await PasskeyOwner.registered(idem)
    const { tokens } = dataOf(await strong.signIn()).signIn
    const owner = new PasskeyOwner(idem, { verifiesUser: false })
    dataOf(await owner.link(tokens.accessToken))
    owner.authenticator.traits.verifiesUser = true
    expect(claimsOf(dataOf(await owner.stepUp(tokens.accessToken)).stepUp.accessToken)['acr']).toBe('aal2')
    const later = dataOf(await owner.signIn()).signIn
    expect(later.account.id).toBe(guest.accountId)
    expect(claimsOf(later.tokens.accessToken)['acr']).toBe('aal2')
  })

  test('required user verification is required', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    owner.authenticator.traits.verifiesUser = false
    const refused = await owner.signIn({}, { userVerification: 'REQUIRED' })
    expect([codeOf(refused), lastReason()]).toEqual(['PROOF_REJECTED', 'passkey: the user was not verified'])
    owner.authenticator.traits.verifiesUser = true
    expect(codeOf(await owner.signIn({}, { userVerification: 'REQUIRED' }))).toBeNull()
  })

  test('a step-up with user verification raises a session to aal2, and a weaker one does not refresh it', async () => {
    const [owner, key] = [new PasskeyOwner(idem), new KeyOwner(idem)]
    const { accessToken } = await key.signIn()
    dataOf(await owner.link(accessToken))
    expect(claimsOf(accessToken)['acr']).toBe('aal1')
    const raised = dataOf(await owner.stepUp(accessToken)).stepUp
    expect(claimsOf(raised.accessToken)).toMatchObject({ acr: 'aal2', amr: ['hwk', 'user', 'mfa'] })
    owner.authenticator.traits.verifiesUser = false
    const refused = await owner.stepUp(raised.accessToken)
    expect(codeOf(refused)).toBe('STEP_UP_REQUIRED')
    expect(refused.errors[0]?.extensions['acrValues']).toEqual(['aal2'])
  })
})

describe('an account of two factors', () => {
  /** Somebody with a key, an app and a passkey. */
  const somebody = async () => {
    const owner = new PasskeyOwner(idem)
    const { accountId, accessToken: first } = await new KeyOwner(idem).signIn()
    const { app, accessToken } = await enrol(idem, { accessToken: first })
    dataOf(await owner.link(accessToken))
    return { owner, app, accountId }
  }

  test('is opened by a passkey that verifies its user; without, TOTP completes it, once', async () => {
    const { owner, app, accountId } = await somebody()
    const alone = dataOf(await owner.signIn()).signIn
    expect(alone).toMatchObject({ account: { id: accountId }, secondFactor: null })
    expect(claimsOf(alone.tokens.accessToken)['acr']).toBe('aal2')
    owner.authenticator.traits.verifiesUser = false
    const { id, message } = await owner.challenge()
    const response = owner.authenticator.get(message)
    const { tokens, secondFactor } = dataOf(await owner.signInWith(id, response)).signIn
    expect([tokens, secondFactor.method]).toEqual([null, 'totp'])
    expect((await storedOf(owner)).credential.counter).toBe(owner.authenticator.counter)
    expect(codeOf(await owner.signInWith(id, response))).toBe('CHALLENGE_SPENT')
    const completed = dataOf(await trySignInWith(idem, app.proof(), secondFactor.id)).signIn
    expect(claimsOf(completed.tokens.accessToken)).toMatchObject({
      acr: 'aal2',
      amr: ['hwk', 'user', 'otp', 'mfa'],
    })
  })

  test('is not asked for a second factor by a registration in the name of its passkey, which nothing has signed', async () => {
    const { owner } = await somebody()
    owner.authenticator.traits.verifiesUser = false
    const forger = await signInAsGuest(idem)
    const answer = await owner.link(forger.accessToken)
    expect([codeOf(answer), answer.data]).toEqual(['CONFLICT', null])
  })

  test('its level is in the metadata', async () => {
    const metadata = await (await fetch(`${idem.url}/.well-known/openid-configuration`)).json()
    expect(metadata).toMatchObject({ acr_values_supported: ['aal0', 'aal1', 'aal2'] })
  })
})

describe('the counter', () => {
  test('that went back is refused, and told to the operator with the identity', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    dataOf(await owner.signIn())
    for (const counter of [2, 1, 0]) expect(codeOf(await owner.signIn({ counter }))).toBe('PROOF_REJECTED')
    const line = JSON.parse(idem.logLines.findLast((each) => each.includes('counter went back')) ?? '{}')
    const [{ id, failed_proofs: failed }] = await tables.query(
      'select id, failed_proofs from identity where subject = $1',
      [owner.authenticator.credentialId],
    )
    expect(line).toMatchObject({ code: 'PROOF_REJECTED', identityId: id })
    expect(failed).toBe(3)
    expect((await storedOf(owner)).credential.counter).toBe(2)
    expect(codeOf(await owner.signIn({ counter: 3 }))).toBeNull()
  })

  test('is compared only after the signature, so that a stranger cannot raise the alarm', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    expect(codeOf(await owner.signIn({ counter: 0, signature: () => randomBytes(70) }))).toBe(
      'PROOF_REJECTED',
    )
    expect(lastReason()).toBe('passkey: the signature does not hold')
  })

  test('of a hundred proofs with the same counter at once, one signs in', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    const challenges = await atOnce(100, async () => await owner.challenge())
    const proofs = challenges.map(
      ({ id, message }) => [id, owner.authenticator.get(message, { counter: 7 })] as const,
    )
    const answers = await Promise.all(
      proofs.map(async ([id, response]) => await owner.signInWith(id, response)),
    )
    expect(tally(answers)).toEqual({ ok: 1, PROOF_REJECTED: 99 })
    expect((await storedOf(owner)).credential.counter).toBe(7)
  })
})

const refusals: readonly (readonly [name: string, falsified: Falsified, reason: string])[] = [
  ['another origin', { origin: 'https://evil.example' }, 'the origin is not allowed'],
  ['an origin that begins alike', { origin: 'http://localhost.evil.example' }, 'the origin is not allowed'],
  ['another RP ID', { rpId: 'evil.example' }, 'another RP ID'],
  ['another type', { type: 'payment.get' }, 'the type is that of another ceremony'],
  ['another challenge', { challenge: randomBytes(32).toString('base64url') }, 'the challenge is another one'],
  ['nobody present', { isUserPresent: false }, 'nobody was present'],
  ['a frame of another site', { crossOrigin: true }, 'in a frame of another origin'],
  ['a top origin', { topOrigin: 'https://evil.example' }, 'in a frame of another origin'],
  [
    'trailing bytes',
    { authData: (data) => Buffer.concat([data, Buffer.from([0])]) },
    'the authenticator data is malformed',
  ],
]

describe.each(refusals)('a response with %s is refused', (_name, falsified, reason) => {
  test('at a sign-in, and the challenge stays unspent', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    const { id, message } = await owner.challenge()
    const refused = await owner.signInWith(id, owner.authenticator.get(message, falsified))
    expect([codeOf(refused), lastReason()]).toEqual(['PROOF_REJECTED', `passkey: ${reason}`])
    expect(sentenceOf(refused)).not.toContain(reason)
    expect(codeOf(await owner.signInWith(id, owner.authenticator.get(message)))).toBeNull()
  })

  test('at a registration, and nothing is stored', async () => {
    const owner = new PasskeyOwner(idem)
    const guest = await signInAsGuest(idem)
    expect(codeOf(await owner.link(guest.accessToken, falsified))).toBe('PROOF_REJECTED')
    expect(lastReason()).toBe(`passkey: ${reason}`)
    expect(await storedOf(owner)).toBeUndefined()
    expect(dataOf(await askMe(idem, guest.accessToken)).me.kind).toBe('ANONYMOUS')
  })
})

describe('a sign-in is refused', () => {
  test.each<readonly [string, Falsified, string]>([
    [
      'with a changed signature',
      { signature: (made) => Buffer.concat([made.subarray(0, -1), Buffer.from([0])]) },
      'the signature does not hold',
    ],
    [
      'with the user handle of another account',
      { userHandle: randomBytes(16).toString('base64url') },
      'the user handle is that of another account',
    ],
    ['with another backup eligibility', { isSynced: true }, 'the backup eligibility has changed'],
    [
      'backed up without being eligible',
      {
        authData: (data) => {
          data[32] = 0x15
          return data
        },
      },
      'backed up without being eligible',
    ],
  ])('%s', async (_name, falsified, reason) => {
    const { owner } = await PasskeyOwner.registered(idem)
    expect(codeOf(await owner.signIn(falsified))).toBe('PROOF_REJECTED')
    expect(lastReason()).toBe(`passkey: ${reason}`)
  })

  test('of a passkey that was never registered, which provisions nothing', async () => {
    const before = await tables.contents()
    const stranger = new PasskeyOwner(idem)
    stranger.authenticator.userHandle = randomBytes(16).toString('base64url')
    const refused = await stranger.signIn()
    expect([codeOf(refused), lastReason()]).toEqual(['PROOF_REJECTED', 'passkey: unknown credential'])
    const { throttle_counter: _counted, ...after } = await tables.contents()
    const { throttle_counter: _before, ...unchanged } = before
    expect(after).toEqual(unchanged)
  })

  test("by the key of one passkey in the name of another's", async () => {
    const [{ owner }, { owner: victim }] = [
      await PasskeyOwner.registered(idem),
      await PasskeyOwner.registered(idem),
    ]
    const refused = await owner.signIn({ id: victim.authenticator.credentialId, userHandle: null })
    expect([codeOf(refused), lastReason()]).toEqual([
      'PROOF_REJECTED',
      'passkey: the signature does not hold',
    ])
  })

  test('with the challenge of another sign-in, of another purpose, twice, or too late', async () => {
    const { owner, guest } = await PasskeyOwner.registered(idem)
    const [first, second] = [await owner.challenge(), await owner.challenge()]
    const response = owner.authenticator.get(first.message)
    expect(codeOf(await owner.signInWith(second.id, response))).toBe('PROOF_REJECTED')
    expect(codeOf(await owner.signInWith(first.id, response))).toBeNull()
    expect(codeOf(await owner.signInWith(first.id, response))).toBe('CHALLENGE_SPENT')
    const purpose = { purpose: 'STEP_UP', accessToken: guest.accessToken } as const
    const other = await owner.challenge(purpose)
    expect(codeOf(await owner.signInWith(other.id, owner.authenticator.get(other.message)))).toBe(
      'PROOF_REJECTED',
    )
    const late = await owner.challenge()
    idem.clock.advance(300)
    expect(codeOf(await owner.signInWith(late.id, owner.authenticator.get(late.message)))).toBe(
      'CHALLENGE_EXPIRED',
    )
  })

  test('without a user handle it is accepted, for authenticators that were told which passkey to use', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    for (const userHandle of [null, '']) expect(codeOf(await owner.signIn({ userHandle }))).toBeNull()
  })
})

test("a step-up with another account's passkey is refused", async () => {
  const [{ owner: other }, { owner, guest }] = [
    await PasskeyOwner.registered(idem),
    await PasskeyOwner.registered(idem),
  ]
  expect(codeOf(await other.stepUp(guest.accessToken))).toBe('PROOF_REJECTED')
  expect(codeOf(await owner.stepUp(guest.accessToken))).toBeNull()
})

describe('a registration', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const curve = (x: Buffer, y: Buffer) =>
    new Map<number, CborValue>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x],
      [-3, y],
    ])
  const rsa = (n: Buffer, e: Buffer) =>
    new Map<number, CborValue>([
      [1, 3],
      [3, -257],
      [-1, n],
      [-2, e],
    ])
  const modulus = Buffer.from(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }).n ?? '',
    'base64url',
  )
  test.each<readonly [string, Map<number, CborValue>]>([
    ['a point that is not on the curve', curve(randomBytes(32), randomBytes(32))],
    ['a short coordinate', curve(randomBytes(31), randomBytes(32))],
    [
      'another curve than its algorithm says',
      new Map<number, CborValue>([
        [1, 2],
        [3, -7],
        [-1, 2],
        [-2, randomBytes(48)],
        [-3, randomBytes(48)],
      ]),
    ],
    ['RSA of 1024 bits', rsa(Buffer.from(small.n ?? '', 'base64url'), Buffer.from([1, 0, 1]))],
    ['RSA of 8192 bits', rsa(Buffer.alloc(1024, 0xff), Buffer.from([1, 0, 1]))],
    ['a large exponent', rsa(modulus, Buffer.alloc(200, 0x77))],
    [
      'Ed25519 of small order',
      new Map<number, CborValue>([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])],
      ]),
    ],
    ['no algorithm', new Map<number, CborValue>([[1, 2]])],
  ])('of a key with %s is refused', async (_name, cose) => {
    const guest = await signInAsGuest(idem)
    expect(codeOf(await new PasskeyOwner(idem).link(guest.accessToken, { cose }))).toBe('PROOF_REJECTED')
    expect(dataOf(await askMe(idem, guest.accessToken)).me.identities).toHaveLength(1)
  })

  test('of an algorithm that was not offered is refused', async () => {
    const guest = await signInAsGuest(idem)
    const refused = await new PasskeyOwner(idem, { algorithm: 'ES384' }).link(guest.accessToken)
    expect(codeOf(refused)).toBe('PROOF_REJECTED')
  })

  test('with an attestation that nobody asked for is accepted as without one', async () => {
    const guest = await signInAsGuest(idem)
    const attStmt = new Map<string, CborValue>([
      ['alg', -7],
      ['sig', randomBytes(70)],
      ['x5c', randomBytes(900)],
    ])
    const owner = new PasskeyOwner(idem)
    expect(codeOf(await owner.link(guest.accessToken, { fmt: 'packed', attStmt }))).toBeNull()
    expect(codeOf(await owner.signIn())).toBeNull()
  })

  test('whose response names another credential than the authenticator is refused', async () => {
    const guest = await signInAsGuest(idem)
    const id = randomBytes(32).toString('base64url')
    expect(codeOf(await new PasskeyOwner(idem).link(guest.accessToken, { id }))).toBe('PROOF_REJECTED')
    expect(lastReason()).toBe('passkey: the id is that of another credential')
  })

  test('of a passkey that exists is a conflict, for its own account and for others, however strong they are', async () => {
    const { owner } = await PasskeyOwner.registered(idem)
    const { tokens } = dataOf(await owner.signIn()).signIn
    const before = await storedOf(owner)
    for (const accessToken of [tokens.accessToken, (await signInAsGuest(idem)).accessToken]) {
      // Known ids are not secret, so anybody can register one with a key of their own.
      const forger = new PasskeyOwner(idem)
      const { id, message } = await forger.challenge({ purpose: 'LINK_IDENTITY', accessToken })
      expect(codeOf(await forger.linkWith(accessToken, id, owner.authenticator.create(message)))).toBe(
        'CONFLICT',
      )
    }
    expect(await storedOf(owner)).toEqual(before)
  })

  test('of one passkey at once in two accounts stores it once', async () => {
    const owner = new PasskeyOwner(idem)
    const guests = await atOnce(8, async () => await signInAsGuest(idem))
    const answers = await Promise.all(guests.map(async ({ accessToken }) => await owner.link(accessToken)))
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 7 })
  })
})

test('a passkey is unlinked like every identity: its sessions end, and it is a stranger from then on', async () => {
  const [owner, key] = [new PasskeyOwner(idem), new KeyOwner(idem)]
  const { accessToken } = await key.signIn()
  const linked = dataOf(await owner.link(accessToken)).linkIdentity
  const { tokens } = dataOf(await owner.signIn()).signIn
  expect(codeOf(await unlink(idem, accessToken, linked.identity.id))).toBeNull()
  const [session] = await tables.query('select ended_at from session where id = $1', [
    sessionIdOf(tokens.accessToken),
  ])
  expect(session.ended_at).not.toBeNull()
  expect(codeOf(await owner.signIn())).toBe('PROOF_REJECTED')
  // A thief of the stored key registers it: the authenticator still says whose it was.
  const thief = await signInAsGuest(idem)
  const userHandle = owner.authenticator.userHandle
  dataOf(await owner.link(thief.accessToken))
  expect(codeOf(await owner.signIn({ userHandle }))).toBe('PROOF_REJECTED')
})

test('many long passkeys make no challenge that is too long to answer', async () => {
  const key = new KeyOwner(idem)
  const { accessToken, accountId } = await key.signIn()
  await tables.query(
    `insert into identity (id, account_id, method, issuer, subject, credential, failed_proofs, created_at)
      select gen_random_uuid(), $1, 'passkey', 'localhost', repeat('A', 1300) || n, '{"transports": []}', 0, now()
      from generate_series(10, 50) n`,
    [accountId],
  )
  const { id, message } = await new PasskeyOwner(idem).challenge({ purpose: 'STEP_UP', accessToken })
  expect(JSON.parse(message).allowCredentials).toEqual([])
  expect(id.length).toBeLessThan(16_384)
})

describe('a malformed response is BAD_USER_INPUT or PROOF_REJECTED, and changes nothing', () => {
  /** A repeatable source of numbers from 0 to 1. */
  const numbersFrom = (seed: string) => {
    let count = 0
    return () => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32BE() / 2 ** 32
  }
  const strange: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1e308,
    2 ** 53,
    '',
    ' ',
    '=',
    'A',
    'AA==',
    'A+/B',
    '\u{1f511}',
    [],
    [[]],
    {},
    { length: 3 },
    'A'.repeat(30_000),
    Buffer.from('{}').toString('base64url'),
    Buffer.from('null').toString('base64url'),
    Buffer.from('[]').toString('base64url'),
    Buffer.from('{"type":1,"challenge":{},"origin":[]}').toString('base64url'),
    Buffer.from(`${'['.repeat(2_000)}${']'.repeat(2_000)}`).toString('base64url'),
    Buffer.from([0xff, 0xfe]).toString('base64url'),
    // CBOR: deep, endless, huge lengths, tags, and an attestation of other types
    Buffer.alloc(10_000, 0x81).toString('base64url'),
    Buffer.from('9fffff', 'hex').toString('base64url'),
    Buffer.from('9bffffffffffffffff', 'hex').toString('base64url'),
    Buffer.from('bbffffffffffffffff00', 'hex').toString('base64url'),
    Buffer.from('5bffffffffffffffff', 'hex').toString('base64url'),
    Buffer.from('c0c0c0', 'hex').toString('base64url'),
    Buffer.from('fb7ff0000000000000', 'hex').toString('base64url'),
    Buffer.from('1bffffffffffffffff', 'hex').toString('base64url'),
    encodeCbor(
      new Map<string, CborValue>([
        ['fmt', 1],
        ['attStmt', 'x'],
        ['authData', 'x'],
      ]),
    ).toString('base64url'),
    encodeCbor(new Map<string, CborValue>([['authData', Buffer.alloc(37)]])).toString('base64url'),
    encodeCbor(
      new Map<string, CborValue>([
        ['authData', Buffer.concat([Buffer.alloc(32), Buffer.from([0xc1]), Buffer.alloc(400, 0xff)])],
      ]),
    ).toString('base64url'),
  ]

  /** The responses that are derived from a valid one: other values, truncated and changed bytes. */
  const variantsOf = (valid: PasskeyResponse, seed: string): readonly object[] => {
    const random = numbersFrom(seed)
    const top = ['id', 'rawId', 'type', 'response'].flatMap((name) =>
      strange.map((value) => ({ ...valid, [name]: value })),
    )
    const members = Object.keys(valid.response).flatMap((name) => {
      const value = valid.response[name]
      const others = strange.map((each) => withMember(valid, name, each))
      if (typeof value !== 'string') return others
      const bytes = Buffer.from(value, 'base64url')
      const changed = Array.from({ length: 25 }, () => {
        const copy = Buffer.from(bytes)
        copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256)
        return withMember(
          valid,
          name,
          copy
            .subarray(0, random() < 0.4 ? Math.floor(random() * copy.length) : copy.length)
            .toString('base64url'),
        )
      })
      return [...others, ...changed]
    })
    return [...top, ...members]
  }

  /** Sends each, ten at once; returns the codes that are none of the two. */
  const othersAmong = async (variants: readonly object[], send: (response: object) => Promise<Answer>) => {
    const others: unknown[] = []
    for (let start = 0; start < variants.length; start += 10)
      await Promise.all(
        variants.slice(start, start + 10).map(async (response) => {
          const answer = await send(response)
          const code = codeOf(answer)
          if (code !== 'BAD_USER_INPUT' && code !== 'PROOF_REJECTED')
            others.push([code, answer.status, response])
          if (code === 'BAD_USER_INPUT' && answer.status === 200)
            expect(answer.errors[0]?.extensions['field']).toBe('response')
        }),
      )
    return others
  }

  test('at a sign-in', async () => {
    const { owner } = await PasskeyOwner.registered(idem, { algorithm: 'EdDSA' })
    const { id, message } = await owner.challenge()
    const valid = owner.authenticator.get(message)
    // The proof itself stays valid without a user handle, and whatever is in members that are not read.
    const variants = variantsOf(valid, 'sign-in').filter((each) => !isSame(each, valid))
    expect(variants.length).toBeGreaterThan(300)
    const before = await storedOf(owner)
    expect(await othersAmong(variants, async (response) => await owner.signInWith(id, response))).toEqual([])
    expect(await storedOf(owner)).toEqual(before)
    expect(codeOf(await owner.signInWith(id, valid))).toBeNull()
  })

  test('at a registration', async () => {
    const owner = new PasskeyOwner(idem)
    const guest = await signInAsGuest(idem)
    const { id, message } = await owner.challenge({
      purpose: 'LINK_IDENTITY',
      accessToken: guest.accessToken,
    })
    const valid = owner.authenticator.create(message)
    const variants = variantsOf(
      { ...valid, response: { ...valid.response, transports: undefined } },
      'registration',
    ).filter((each) => !isRegistrable(each, valid))
    expect(variants.length).toBeGreaterThan(200)
    const send = async (response: object) => await owner.linkWith(guest.accessToken, id, response)
    expect(await othersAmong(variants, send)).toEqual([])
    expect(dataOf(await askMe(idem, guest.accessToken)).me.kind).toBe('ANONYMOUS')
    expect(codeOf(await send(valid))).toBeNull()
  })

  const partsOf = (response: object) =>
    (response as PasskeyResponse).response as Record<string, unknown> | null
  const isSame = (one: object, other: object): boolean => {
    const [ours, theirs] = [partsOf(one), partsOf(other)]
    return (
      JSON.stringify({ ...one, response: null }) === JSON.stringify({ ...other, response: null }) &&
      ours !== null &&
      ['clientDataJSON', 'authenticatorData', 'signature'].every((name) => ours[name] === theirs?.[name]) &&
      (ours['userHandle'] === theirs?.['userHandle'] ||
        ours['userHandle'] === null ||
        ours['userHandle'] === '')
    )
  }
  /** Nothing signs a registration, so changed bytes of the AAGUID, the counter or an unused member leave it valid. */
  const isRegistrable = (one: object, valid: object): boolean => {
    const [ours, theirs] = [partsOf(one), partsOf(valid)]
    return (
      JSON.stringify({ ...one, response: null }) === JSON.stringify({ ...valid, response: null }) &&
      ours?.['clientDataJSON'] === theirs?.['clientDataJSON'] &&
      typeof ours?.['attestationObject'] === 'string' &&
      ours['attestationObject'].length === String(theirs?.['attestationObject']).length
    )
  }
})
