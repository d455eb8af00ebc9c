// Private keys: every format that is read, and everything that only looks like one.

import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CliError } from '../../../src/cli/cli-error.js'
import { generatePrivateKey, looksLikePrivateKey, parsePrivateKey } from '../../../src/cli/private-key.js'
import { fileSource, sourceWithoutFile } from '../../../src/cli/unusable-key.js'
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

const it = sourceWithoutFile('It')

const errorOf = (text: string | Buffer, source = it): CliError => {
  try {
    parsePrivateKey(text, source)
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

const [pemFirst = '', pemBody = '', pemLast = ''] = pem.split('\n')
const publicPem = createPublicKey(pem).export({ format: 'pem', type: 'spki' }).toString()
const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

test.each<[string, string | Buffer]>([
  ['a base64 seed', seed.toString('base64')],
  ['a base64 seed without padding', seed.toString('base64').replace('=', '')],
  ['a base64url seed', seed.toString('base64url')],
  ['a hex seed', seed.toString('hex')],
  ['an upper-case hex seed', seed.toString('hex').toUpperCase()],
  ['a hex seed after 0x', `0x${seed.toString('hex')}`],
  ['a seed with a line end', `${seed.toString('base64')}\n`],
  ['a seed with an escaped line end', `${seed.toString('base64')}\\n`],
  ['a quoted seed', `"${seed.toString('hex')}"`],
  ['a seed behind a byte-order mark', `\uFEFF${seed.toString('base64')}`],
  ['a seed in UTF-16', Buffer.from(`${seed.toString('base64')}\r\n`, 'utf16le')],
  ['base64 seed and public key', both.toString('base64')],
  ['hex seed and public key', both.toString('hex')],
  ['a PEM', pem],
  ['a PEM as bytes', Buffer.from(pem)],
  ['a PEM of Windows', pem.replaceAll('\n', '\r\n')],
  ['a PEM of an old Macintosh', pem.replaceAll('\n', '\r')],
  ['a PEM behind a byte-order mark', Buffer.from(`\uFEFF${pem}`)],
  ['a PEM in UTF-16 of Windows', Buffer.from(`\uFEFF${pem.replaceAll('\n', '\r\n')}`, 'utf16le')],
  ['a PEM in UTF-16 the other way round', swapped(`\uFEFF${pem}`)],
  ['a PEM in UTF-16 without a mark', Buffer.from(pem, 'utf16le')],
  ['a PEM in UTF-16 the other way round without a mark', swapped(pem)],
  ['a PEM with escaped line ends', pem.replaceAll('\n', '\\n')],
  ['a PEM with escaped line ends of Windows', pem.replaceAll('\n', '\\r\\n')],
  ['a PEM on one line', pem.trim().replaceAll('\n', ' ')],
  ['a PEM without any line end', pemFirst + pemBody + pemLast],
  ['an indented PEM', pem.replace(/^/gm, '\t  ')],
  ['a PEM in double quotes', `"${pem}"`],
  ['a PEM in single quotes with escaped line ends', `'${pem.replaceAll('\n', '\\n')}'`],
  ['a line of an .env file', `IDEM_PRIVATE_KEY="${pem.replaceAll('\n', '\\n')}"`],
  [
    'a PEM whose body is broken differently',
    [pemFirst, pemBody.slice(0, 7), pemBody.slice(7), pemLast].join('\n'),
  ],
  ['a PEM with what openssl pkcs12 writes before it', `Bag Attributes\n    friendlyName: ada\n${pem}`],
  ['a PEM with its public half behind it', pem + publicPem],
  ['the same PEM twice', pem + pem],
])('%s is read and signs as RFC 8032 says', async (_format, text) => {
  const signer = parsePrivateKey(text, it)
  expect(signer.publicKey).toBe(publicKey)
  expect(Buffer.from(await signer.sign(new Uint8Array())).toString('hex')).toBe(emptyMessageSignature)
})

test('a key of `openssl genpkey` is read, and its public key is the one that openssl tells', async ({
  skip,
}) => {
  const made = runTool('openssl', ['genpkey', '-algorithm', 'ed25519'])
  if (made === null) return skip('openssl is not installed')
  const signer = parsePrivateKey(made, it)
  const expected = createPublicKey(made).export({ format: 'jwk' }).x ?? ''
  expect(signer.publicKey).toBe(Buffer.from(expected, 'base64url').toString('base64'))
  expect(await isSigner(signer)).toBe(true)
})

test.each(['', 'ada@example.org', 'a longer comment, so that the padding differs'])(
  'a key of `ssh-keygen` with the comment "%s" is read, and its public key is the one in its .pub',
  async (comment) => {
    const file = path.join(freshFolder(), 'id_ed25519')
    if (runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]) === null) return
    const signer = parsePrivateKey(readFileSync(file, 'utf8'), it)
    const blob = Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1] ?? '', 'base64')
    expect(signer.publicKey).toBe(blob.subarray(-32).toString('base64'))
    expect(await isSigner(signer)).toBe(true)
  },
)

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const pkcs8 = { format: 'pem', type: 'pkcs8' } as const
const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' }
const encryptedPem = generateKeyPairSync('ed25519')
  .privateKey.export({ ...pkcs8, ...cipher })
  .toString()

/** What `ssh-keygen` makes, or null where it is not installed. */
const madeBySshKeygen = (type: string, passphrase: string): string | null => {
  const file = path.join(freshFolder(), 'id')
  const words = ['-q', '-t', type, '-N', passphrase, '-f', file]
  return runTool('ssh-keygen', words) === null ? null : readFileSync(file, 'utf8')
}

test.each(['ed25519 PEM', 'ed25519 PEM of Windows', 'ed25519 PEM on one line'])(
  'an encrypted %s is refused with the command that decrypts it',
  (what) => {
    const line = what.endsWith('Windows') ? '\r\n' : what.endsWith('line') ? ' ' : '\n'
    expect(errorOf(encryptedPem.replaceAll('\n', line), fileSource("ada's.pem"))).toMatchObject({
      code: 'KEY_ENCRYPTED',
      next: `Decrypt a copy: openssl pkey -in 'ada'\\''s.pem' -out 'ada'\\''s.pem.plain'`,
    })
  },
)

test('an encrypted OpenSSH key is refused with the command that decrypts it', ({ skip }) => {
  const text = madeBySshKeygen('ed25519', 'secret')
  if (text === null) return skip('ssh-keygen is not installed')
  const error = errorOf(text, fileSource('id'))
  expect(error).toMatchObject({
    code: 'KEY_ENCRYPTED',
    next: 'Decrypt a copy: cp id id.plain && ssh-keygen -p -N "" -f id.plain',
  })
})

test('an encrypted OpenSSH key for RSA is told by its algorithm: decrypting it would not help', ({
  skip,
}) => {
  const text = madeBySshKeygen('rsa', 'secret')
  if (text === null) return skip('ssh-keygen is not installed')
  expect(errorOf(text)).toMatchObject({ code: 'KEY_UNREADABLE', message: expect.stringContaining('RSA') })
})

const otherPem = (algorithm: 'x25519' | 'ed448') => {
  const { privateKey } = algorithm === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ed448')
  return privateKey.export(pkcs8).toString()
}

const ppk = (algorithm: string): string =>
  `PuTTY-User-Key-File-3: ${algorithm}\r\nEncryption: none\r\nComment: ada\r\nPublic-Lines: 2\r\nAAAA\r\nAAAA\r\n`
const line = `ssh-ed25519 ${Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), publicBytes]).toString('base64')}`
const block = (label: string) => `-----BEGIN ${label}-----\nMC4CAQAw\n-----END ${label}-----\n`

/** What is no private key of ours but can be told by name, a word of the message, and one of the help. */
test.each<[string, () => string | Buffer, string, string]>([
  [
    'a key of PuTTY',
    () => ppk('ssh-ed25519'),
    'PuTTY',
    'puttygen my.key -O private-openssh -o my.key.openssh',
  ],
  ['a key of PuTTY in UTF-16', () => Buffer.from(ppk('ssh-ed25519'), 'utf16le'), 'PuTTY', 'puttygen'],
  ['a key of PuTTY for RSA', () => ppk('ssh-rsa'), 'another algorithm', 'your account'],
  ['a public PEM', () => publicPem, 'public key', 'private half'],
  ['a public PEM on one line', () => publicPem.replaceAll('\n', ' '), 'public key', 'private half'],
  ['an OpenSSH public line', () => `${line} ada`, 'public key', 'private half'],
  [
    'an SSH2 public block',
    () => '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----',
    'public key',
    'private half',
  ],
  ['an RSA public line', () => 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== ada', 'RSA', 'private half'],
  [
    'a fingerprint',
    () => `SHA256:${randomBytes(32).toString('base64').replace('=', '')}`,
    'fingerprint',
    'private half',
  ],
  ['a line of a security key', () => 'sk-ssh-ed25519@openssh.com AAAA ada', 'security key', 'private half'],
  ['an SSH certificate', () => 'ssh-ed25519-cert-v01@openssh.com AAAA ada', 'certificate', 'private half'],
  ['an X.509 certificate', () => block('CERTIFICATE'), 'certificate', 'private half'],
  ['an RSA PEM', () => rsa.export(pkcs8).toString(), 'RSA', 'your account'],
  [
    'an RSA PEM of PKCS#1',
    () => rsa.export({ format: 'pem', type: 'pkcs1' }).toString(),
    'RSA',
    'your account',
  ],
  [
    'an encrypted RSA PEM of PKCS#1',
    () => rsa.export({ format: 'pem', type: 'pkcs1', ...cipher }).toString(),
    'RSA',
    'your account',
  ],
  ['an EC PEM', () => ec.export(pkcs8).toString(), 'ECDSA', 'your account'],
  ['an EC PEM of SEC1', () => ec.export({ format: 'pem', type: 'sec1' }).toString(), 'ECDSA', 'your account'],
  ['a DSA PEM', () => block('DSA PRIVATE KEY'), 'DSA', 'your account'],
  ['a key for X25519', () => otherPem('x25519'), 'X25519', 'your account'],
  ['a key for Ed448', () => otherPem('ed448'), 'Ed448', 'your account'],
  ['an OpenSSH key for DSA', () => opensshKey({ algorithm: 'ssh-dss' }), 'DSA', 'your account'],
  [
    'an OpenSSH key for ECDSA',
    () => opensshKey({ algorithm: 'ecdsa-sha2-nistp256' }),
    'ECDSA',
    'your account',
  ],
  [
    'a file of a security key',
    () => opensshKey({ algorithm: 'sk-ssh-ed25519@openssh.com' }),
    'security key',
    'your account',
  ],
  ['an OpenPGP key', () => block('PGP PRIVATE KEY BLOCK'), 'OpenPGP', 'your account'],
  [
    'a DER file',
    () => createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }),
    'binary',
    'openssl pkey -inform DER -in my.key -out my.key.pem',
  ],
  [
    'a PKCS#12 file',
    () => Buffer.concat([Buffer.from('3082', 'hex'), randomBytes(700)]),
    'binary',
    'openssl pkcs12',
  ],
  ['two different PEMs', () => pem + generatePrivateKey().pem, 'several private keys', 'file of its own'],
  ['half a PEM', () => pem.slice(0, 60), 'damaged', 'undamaged'],
  ['a PEM without a body', () => pemFirst + pemLast, 'damaged', 'undamaged'],
  [
    'a PEM with a line of something else',
    () => `${pemFirst}\n<br>\n${pemBody}\n${pemLast}`,
    'damaged',
    'undamaged',
  ],
])('%s is KEY_UNREADABLE, told by name, and the help fits it', (_what, make, word, help) => {
  const error = errorOf(make(), fileSource('my.key'))
  expect(error.code).toBe('KEY_UNREADABLE')
  expect(error.message).toContain(word)
  expect(error.next).toContain(help)
})

test.each([
  ['id_ed25519.pub', 'id_ed25519'],
  ['id_ed25519-cert.pub', 'id_ed25519'],
  ['my keys/ada.pub', "'my keys/ada'"],
])('for %s the file of the private half is named', (file, half) => {
  expect(errorOf(line, fileSource(file)).next).toBe(`Give the private half: --private-key ${half}`)
})

test('whoever has a key is never told to make one', () => {
  const texts = [
    encryptedPem,
    ppk('ssh-ed25519'),
    publicPem,
    line,
    pem.slice(0, 60),
    'not a key',
    randomBytes(48),
  ]
  for (const text of texts) expect(errorOf(text).next).not.toContain('keygen --out')
})

test.each([
  ['nothing', ''],
  ['words', 'not a key'],
  ['31 bytes', randomBytes(31).toString('base64')],
  ['33 bytes', randomBytes(33).toString('base64')],
  ['63 hex digits', seed.toString('hex').slice(1)],
  ['base64 with a blank inside', seed.toString('base64').replace(/^(.{8})/, '$1 ')],
  ['base64 with stray bits at its end', `${seed.toString('base64').slice(0, -2)}B=`],
  ['halves that do not belong together', Buffer.concat([seed, randomBytes(32)]).toString('base64')],
  ['a request for a certificate', block('CERTIFICATE REQUEST')],
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

test.each<[string, (text: string) => string | Buffer]>([
  ['as it is', (text) => text],
  ['of Windows', (text) => text.replaceAll('\n', '\r\n')],
  ['of an old Macintosh', (text) => text.replaceAll('\n', '\r')],
  ['in UTF-16', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['with escaped line ends', (text) => text.replaceAll('\n', '\\n')],
  ['on one line', (text) => text.replaceAll('\n', ' ')],
  ['without any line end', (text) => text.replaceAll('\n', '')],
  ['indented and quoted', (text) => `'${text.replace(/^/gm, '  ')}'`],
])('an OpenSSH key %s is read', (_how, spell) => {
  expect(parsePrivateKey(spell(opensshKey()), it).publicKey).toBe(publicKey)
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
  expect(parsePrivateKey(made, it).publicKey).toBe(signer.publicKey)
  expect(JSON.stringify(signer)).toBe(JSON.stringify({ publicKey: signer.publicKey }))
})

test('a key on the command line is told from a file name', () => {
  for (const key of [pem, seed.toString('hex'), seed.toString('base64'), both.toString('base64')]) {
    expect(looksLikePrivateKey(key)).toBe(true)
  }
  for (const file of ['ada.pem', './keys/ada', '-', 'id_ed25519'])
    expect(looksLikePrivateKey(file)).toBe(false)
})
