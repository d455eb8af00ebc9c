// Private keys: every format that is read, and everything that only looks like one.

import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CliError } from '../../../src/cli/cli-error.js'
import { generatePrivateKey, looksLikePrivateKey, parsePrivateKey } from '../../../src/cli/private-key.js'
import { freshFolder } from './try-cli.js'

// RFC 8032 section 7.1, test 1
const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
const publicBytes = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')
const publicKey = publicBytes.toString('base64')
const emptyMessageSignature =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'

const both = Buffer.concat([seed, publicBytes])
const pem = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
})
  .export({ format: 'pem', type: 'pkcs8' })
  .toString()

/** A tool of the system, or null where it is not installed: then the fixed vectors have to do. */
const runTool = (tool: string, words: string[]): string | null => {
  try {
    return execFileSync(tool, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

const errorOf = (text: string): CliError => {
  try {
    parsePrivateKey(text, 'It')
  } catch (error) {
    if (error instanceof CliError) return error
  }
  throw new Error('no CliError')
}

const isSigner = async (signer: ReturnType<typeof parsePrivateKey>): Promise<boolean> => {
  const x = Buffer.from(signer.publicKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const message = Buffer.from('challenge')
  return verify(null, message, key, await signer.sign(message))
}

test.each([
  ['base64 seed', seed.toString('base64')],
  ['base64 seed without padding', seed.toString('base64').replace('=', '')],
  ['base64url seed', seed.toString('base64url')],
  ['hex seed', seed.toString('hex')],
  ['upper-case hex seed', seed.toString('hex').toUpperCase()],
  ['seed with a line end', `${seed.toString('base64')}\n`],
  ['base64 seed and public key', both.toString('base64')],
  ['hex seed and public key', both.toString('hex')],
  ['PKCS#8 PEM', pem],
  ['PKCS#8 PEM of Windows', pem.replaceAll('\n', '\r\n')],
])('%s is read and signs as RFC 8032 says', async (_format, text) => {
  const signer = parsePrivateKey(text, 'It')
  expect(signer.publicKey).toBe(publicKey)
  expect(Buffer.from(await signer.sign(new Uint8Array())).toString('hex')).toBe(emptyMessageSignature)
})

test('a key of `openssl genpkey` is read, and its public key is the one that openssl tells', async ({
  skip,
}) => {
  const made = runTool('openssl', ['genpkey', '-algorithm', 'ed25519'])
  if (made === null) return skip('openssl is not installed')
  const signer = parsePrivateKey(made, 'It')
  const expected = createPublicKey(made).export({ format: 'jwk' }).x ?? ''
  expect(signer.publicKey).toBe(Buffer.from(expected, 'base64url').toString('base64'))
  expect(await isSigner(signer)).toBe(true)
})

test.each(['', 'ada@example.org', 'a longer comment, so that the padding differs'])(
  'a key of `ssh-keygen` with the comment "%s" is read, and its public key is the one in its .pub',
  async (comment) => {
    const file = path.join(freshFolder(), 'id_ed25519')
    if (runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]) === null) return
    const signer = parsePrivateKey(readFileSync(file, 'utf8'), 'It')
    const blob = Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1] ?? '', 'base64')
    expect(signer.publicKey).toBe(blob.subarray(-32).toString('base64'))
    expect(await isSigner(signer)).toBe(true)
  },
)

test('encrypted keys are refused with the command that decrypts them', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' }
  const text = privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }).toString()
  expect(errorOf(text)).toMatchObject({
    code: 'KEY_ENCRYPTED',
    next: expect.stringContaining('openssl pkey'),
  })
  const file = path.join(freshFolder(), 'id')
  if (runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', file]) === null) return
  const error = errorOf(readFileSync(file, 'utf8'))
  expect(error).toMatchObject({ code: 'KEY_ENCRYPTED', next: expect.stringContaining('ssh-keygen -p') })
})

const otherPem = (algorithm: 'x25519' | 'ed448') => {
  const { privateKey } = algorithm === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ed448')
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

test.each([
  ['nothing', ''],
  ['words', 'not a key'],
  ['31 bytes', randomBytes(31).toString('base64')],
  ['33 bytes', randomBytes(33).toString('base64')],
  ['63 hex digits', seed.toString('hex').slice(1)],
  ['base64 with a blank inside', seed.toString('base64').replace(/^(.{8})/, '$1 ')],
  ['base64 with stray bits at its end', `${seed.toString('base64').slice(0, -2)}B=`],
  ['halves that do not belong together', Buffer.concat([seed, randomBytes(32)]).toString('base64')],
  ['a public key in PEM', createPublicKey(pem).export({ format: 'pem', type: 'spki' }).toString()],
  ['an OpenSSH public line', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== ada'],
  ['a key for X25519', otherPem('x25519')],
  ['a key for Ed448', otherPem('ed448')],
  ['PEM cut in the middle', pem.slice(0, 60)],
  [
    'an OpenSSH key without content',
    '-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n',
  ],
])('%s is KEY_UNREADABLE, and the text is not in the message', (_what, text) => {
  const error = errorOf(text)
  expect(error.code).toBe('KEY_UNREADABLE')
  if (text !== '') expect(`${error.message} ${error.next}`).not.toContain(text)
})

const sshString = (content: Buffer | string) => {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

interface OpensshParts {
  secondCheck?: number
  innerPublic?: Buffer
  seedAndPublic?: Buffer
  padding?: Buffer
  keyCount?: number
  algorithm?: string
  tail?: Buffer
}

/** An OpenSSH key file of the RFC 8032 key, with parts replaced. */
const opensshKey = (parts: OpensshParts = {}): string => {
  const algorithm = parts.algorithm ?? 'ssh-ed25519'
  const inside = Buffer.concat([
    number(7),
    number(parts.secondCheck ?? 7),
    sshString(algorithm),
    sshString(parts.innerPublic ?? publicBytes),
    sshString(parts.seedAndPublic ?? both),
    sshString('test'),
  ])
  const padding = parts.padding ?? Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (inside.length % 8)) % 8))
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    number(parts.keyCount ?? 1),
    sshString(Buffer.concat([sshString(algorithm), sshString(publicBytes)])),
    sshString(Buffer.concat([inside, padding])),
    parts.tail ?? Buffer.alloc(0),
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

test('an OpenSSH key made by hand is read', () => {
  expect(parsePrivateKey(opensshKey(), 'It').publicKey).toBe(publicKey)
})

test.each<[string, OpensshParts]>([
  ['check numbers differ', { secondCheck: 8 }],
  ['the inner public key differs', { innerPublic: randomBytes(32) }],
  ['the public half behind the seed differs', { seedAndPublic: Buffer.concat([seed, randomBytes(32)]) }],
  ['the seed belongs to another key', { seedAndPublic: Buffer.concat([randomBytes(32), publicBytes]) }],
  ['the key is too short', { seedAndPublic: both.subarray(1) }],
  ['the padding is wrong', { padding: Buffer.from([1, 2, 4]) }],
  ['the padding is a block too long', { padding: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9]) }],
  ['there are two keys', { keyCount: 2 }],
  ['bytes follow', { tail: Buffer.from([0]) }],
  ['it is for another algorithm', { algorithm: 'ssh-dss' }],
])('an OpenSSH key is refused when %s', (_what, parts) => {
  expect(errorOf(opensshKey(parts)).code).toBe('KEY_UNREADABLE')
})

test('an OpenSSH key cut at any byte is refused, never read past its end', () => {
  const text = opensshKey()
  const base64 = text.split('\n').slice(1, -2).join('')
  const blob = Buffer.from(base64, 'base64')
  for (let length = 0; length < blob.length; length += 1) {
    const cut = `-----BEGIN OPENSSH PRIVATE KEY-----\n${blob.subarray(0, length).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
    expect(errorOf(cut).code).toBe('KEY_UNREADABLE')
  }
})

test('a generated key is PKCS#8 PEM that reads back, and its signer shows nothing private', () => {
  const { signer, pem: made } = generatePrivateKey()
  expect(made).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  expect(parsePrivateKey(made, 'It').publicKey).toBe(signer.publicKey)
  expect(JSON.stringify(signer)).toBe(JSON.stringify({ publicKey: signer.publicKey }))
})

test('a key on the command line is told from a file name', () => {
  for (const key of [pem, seed.toString('hex'), seed.toString('base64'), both.toString('base64')]) {
    expect(looksLikePrivateKey(key)).toBe(true)
  }
  for (const file of ['ada.pem', './keys/ada', '-', 'id_ed25519'])
    expect(looksLikePrivateKey(file)).toBe(false)
})
