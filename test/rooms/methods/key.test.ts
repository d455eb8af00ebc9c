// The method `key`: the suite of every method, and Ed25519 taken strictly (RFC 8032, CVE-2026-33895).
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import type { Challenge } from '../../../src/challenges/challenge.js'
import { describeMethod } from '../../conformance/method.js'
import { codeOf, dataOf } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { namedSpellings, spellingsOf, unknownSpellings } from '../../support/public-key-spellings.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

describeMethod({
  name: 'key',
  newProver: () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const { x } = publicKey.export({ format: 'jwk' })
    return {
      request: { publicKey: base64(Buffer.from(String(x), 'base64url')), scheme: 'ed25519' },
      prove: (challenge: Challenge | null) => ({
        signature: base64(sign(null, Buffer.from(challenge?.message ?? ''), privateKey)),
      }),
    }
  },
  malformedProofs: [
    { signature: '' },
    { signature: 'x' },
    { signature: '=' },
    { signature: base64(Buffer.alloc(63)) },
    { signature: base64(Buffer.alloc(64)) },
    { signature: base64(Buffer.alloc(64, 255)) },
    { signature: base64(Buffer.alloc(65)) },
    { signature: base64(Buffer.alloc(10_000, 1)) },
    { signature: '*'.repeat(88) },
    { signature: '\0'.repeat(88) },
    { signature: Buffer.alloc(64, 1).toString('hex') },
    { signature: Buffer.alloc(64, 1).toString('base64url') },
    { signature: `${base64(Buffer.alloc(64, 1))}\n` },
  ],
})

const { idem, tables } = await serviceOfFile()

const issue = async (publicKey: string) =>
  await idem.ask('mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id message } }', {
    input: { key: { publicKey } },
  })
const signInWith = async (challengeId: string, signature: string) =>
  await idem.ask('mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }', {
    input: { challengeId, proof: { key: { signature } } },
  })

/** p = 2^255 - 19 and L, the order of the base point; both little-endian on the wire. */
const p = 2n ** 255n - 19n
const order = 2n ** 252n + 27742317777372353535851937790883648493n
const littleEndian = (value: bigint): Buffer =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
const fromLittleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
const withSign = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  copy[31] = (copy[31] ?? 0) | 0x80
  return copy
}

// The eight points whose order divides 8: two of orders 1 and 2, two of order 4, four of order 8.
const order8 = [
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
].map((hex) => Buffer.from(hex, 'hex'))
const smallOrder = [
  littleEndian(1n),
  littleEndian(p - 1n),
  littleEndian(0n),
  withSign(littleEndian(0n)),
  ...order8,
]

test('the eight points below are those of small order', () => {
  expect(new Set(smallOrder.map((bytes) => bytes.toString('hex'))).size).toBe(8)
  for (const bytes of smallOrder) expect(ed25519.Point.fromBytes(bytes, true).isSmallOrder()).toBe(true)
})

const nonCanonical: [string, Buffer][] = [
  ['p for 0', littleEndian(p)],
  ['p + 1 for 1', littleEndian(p + 1n)],
  ['p for 0 with the sign', withSign(littleEndian(p))],
  ['p + 1 for 1 with the sign', withSign(littleEndian(p + 1n))],
  ['the neutral element with the sign of -0', withSign(littleEndian(1n))],
  ['p - 1 with the sign of -0', withSign(littleEndian(p - 1n))],
  ...Array.from({ length: 17 }, (_, index): [string, Buffer] => [
    `p + ${index + 2}`,
    littleEndian(p + BigInt(index + 2)),
  ]),
  ['2^255 - 1', littleEndian(2n ** 255n - 1n)],
  ['all ones', Buffer.alloc(32, 255)],
]

test.each([
  ...smallOrder.map((bytes, index): [string, Buffer] => [`the small-order point ${index + 1}`, bytes]),
  ...nonCanonical,
  ['a y that is on no point', littleEndian(2n)],
])('%s is no public key, in any spelling', async (_what, bytes) => {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes])
  const ssh = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), bytes])
  const before = await tables.contents()
  for (const spelling of [
    base64(bytes),
    bytes.toString('hex'),
    `-----BEGIN PUBLIC KEY-----\n${base64(spki)}\n-----END PUBLIC KEY-----\n`,
    `ssh-ed25519 ${base64(ssh)} someone@somewhere`,
  ]) {
    const answer = await issue(spelling)
    expect([spelling, codeOf(answer)]).toEqual([spelling, 'BAD_USER_INPUT'])
    expect(answer.errors[0]?.extensions['field']).toBe('publicKey')
    expect(answer.status).toBe(200)
  }
  expect(await tables.contents()).toEqual(before)
})

const somebody = new KeyOwner(idem)

test.each(spellingsOf(Buffer.from(somebody.publicKey, 'base64')))(
  'every spelling of one key is the same identity: %s',
  async (_name, spelling) => {
    const { accountId } = await somebody.signIn()
    const { id, message } = dataOf(await issue(spelling)).issueChallenge
    expect(message).toContain(`Public key: ${somebody.publicKey}\n`)
    expect(dataOf(await signInWith(id, somebody.sign(message))).signIn.account.id).toBe(accountId)
  },
)

test.each(namedSpellings)('%s is no public key, and is told by name', async (_what, publicKey, word) => {
  const { errors, ...answer } = await issue(publicKey)
  expect(codeOf({ errors, ...answer })).toBe('BAD_USER_INPUT')
  expect(errors[0]).toMatchObject({
    message: expect.stringContaining(word),
    extensions: { field: 'publicKey' },
  })
})

test.each(unknownSpellings)('%s is no public key, and what is wanted is said', async (_what, publicKey) => {
  const { errors, ...answer } = await issue(publicKey)
  expect(codeOf({ errors, ...answer })).toBe('BAD_USER_INPUT')
  expect(errors[0]).toMatchObject({
    message: expect.stringContaining('32 bytes in base64 or hex'),
    extensions: { field: 'publicKey' },
  })
})

test('a private key that was sent is refused as such, and neither answered nor logged', async () => {
  const owner = new KeyOwner(idem)
  const pem = owner.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const openssh =
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----'
  for (const key of [pem, openssh]) {
    const answer = await issue(key)
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]?.message).toMatch(/private key/i)
    const body = key.split('\n')[1] ?? ''
    expect(JSON.stringify(answer.errors)).not.toContain(body)
    expect(idem.logLines.join('')).not.toContain(body)
  }
})

test('a signature has one form: S + L, and any other length of it, is refused', async () => {
  const owner = new KeyOwner(idem)
  const { accountId } = await owner.signIn()
  const { id, message } = await owner.challenge()
  const bytes = Buffer.from(owner.sign(message), 'base64')
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)]
  const sOfHigherForms = [1n, 2n, 8n].map((times) => fromLittleEndian(s) + times * order)
  const higher = sOfHigherForms
    .filter((value) => value < 2n ** 256n)
    .map((value) => Buffer.concat([r, littleEndian(value)]))
  expect(higher.length).toBeGreaterThan(1)
  const highBit = Buffer.from(bytes)
  highBit[63] = (highBit[63] ?? 0) | 0x80
  const flipped = Buffer.from(bytes)
  flipped[31] = (flipped[31] ?? 0) ^ 0x80
  const canonical = base64(bytes)
  const before = await tables.contents()
  for (const signature of [
    ...higher.map(base64),
    base64(highBit),
    base64(flipped),
    base64(Buffer.concat([r, littleEndian(0n)])),
    base64(Buffer.concat([littleEndian(1n), s])),
    base64(Buffer.concat([s, r])),
    base64(bytes.subarray(0, 63)),
    base64(Buffer.concat([bytes, Buffer.alloc(1)])),
    base64(Buffer.concat([bytes, bytes])),
    // The unused bits of the last character: the same bytes, another text.
    `${canonical.slice(0, 85)}${canonical[85] === 'Q' ? 'R' : canonical[85] === 'A' ? 'B' : canonical[85] === 'g' ? 'h' : 'x'}==`,
  ])
    expect([signature, codeOf(await signInWith(id, signature))]).toEqual([signature, 'PROOF_REJECTED'])
  expect(await tables.contents()).toEqual(before)
  expect(dataOf(await signInWith(id, canonical)).signIn.account.id).toBe(accountId)
})

const hexOf = (signature: string): string => Buffer.from(signature, 'base64').toString('hex')

test.each<[string, (signature: string) => string]>([
  ['base64', (signature) => signature],
  ['base64 without padding', (signature) => signature.replace('==', '')],
  ['base64url', (signature) => Buffer.from(signature, 'base64').toString('base64url')],
  ['hex', hexOf],
  ['hex in capitals', (signature) => hexOf(signature).toUpperCase()],
  ['hex after 0x', (signature) => `0x${hexOf(signature)}`],
  ['base64 in two lines, as base64(1) prints it', (signature) => signature.replace(/.{76}/, '$&\n')],
  ['base64 in two lines of Windows', (signature) => signature.replace(/.{64}/, '$&\r\n')],
  ['hex in lines, as xxd -p prints it', (signature) => hexOf(signature).replace(/.{60}/g, '$&\n')],
  ['base64 with blanks and tabs around it', (signature) => ` \t${signature} \n`],
])('a signature is accepted as %s', async (_spelling, spell) => {
  const { accountId } = await somebody.signIn()
  const { id, message } = await somebody.challenge()
  const answer = await signInWith(id, spell(somebody.sign(message)))
  expect(dataOf(answer).signIn.account.id).toBe(accountId)
})

test.each([
  ['nothing', ''],
  ['words', 'signed by me'],
  ['one of `ssh-keygen -Y`', '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----'],
  ['63 bytes', base64(randomBytes(63))],
  ['65 bytes in hex', randomBytes(65).toString('hex')],
])('a signature that is %s is refused with what is wanted', async (_what, signature) => {
  const { id } = await somebody.challenge()
  const answer = await signInWith(id, signature)
  expect(codeOf(answer)).toBe('PROOF_REJECTED')
  expect(answer.errors[0]?.message).toContain('64 bytes')
})

test('what is signed is the message exactly as given', async () => {
  const owner = new KeyOwner(idem)
  const { id, message } = await owner.challenge({ handle: 'exactly' })
  for (const changed of [
    `${message}\n`,
    message.trimStart().slice(1),
    message.replaceAll('\n', '\r\n'),
    message.toLowerCase(),
    '',
  ])
    expect(codeOf(await signInWith(id, owner.sign(changed)))).toBe('PROOF_REJECTED')
  expect(message).toContain('Handle: exactly')
  expect(message).toContain(`Public key: ${owner.publicKey}`)
  expect(codeOf(await signInWith(id, owner.sign(message)))).toBeNull()
})

test('a message cannot be given lines of its own through the handle or the key', async () => {
  for (const handle of ['ada\nPurpose: LINK_IDENTITY', 'ada\u2028x', 'ada\r']) {
    const answer = await idem.ask(
      'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { message } }',
      { input: { key: { publicKey: new KeyOwner(idem).publicKey, handle } } },
    )
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  }
})

test("a signature by OpenSSL's command line holds, over bytes that are no ASCII", async () => {
  const owner = new KeyOwner(idem)
  const challenge = await owner.challenge({ handle: 'жизнь' })
  expect(challenge.message).toContain('жизнь')
  expect(dataOf(await signInWith(challenge.id, owner.sign(challenge.message))).signIn.account.id).toBeTruthy()
})
