// Public keys as people have them: one table, for the service and for the command line, which share no code.
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const sshString = (content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The blob of an OpenSSH line in base64. */
const blobOf = (type: string, ...fields: readonly (Uint8Array | string)[]): string =>
  base64(Buffer.concat([sshString(type), ...fields.map(sshString)]))

const pemOf = (bytes: Uint8Array): string =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') },
    format: 'jwk',
  })
    .export({ format: 'pem', type: 'spki' })
    .toString()

/** Spellings of one key, each with a name. */
export const spellingsOf = (bytes: Buffer): readonly (readonly [string, string])[] => {
  const pem = pemOf(bytes)
  const [first = '', body = '', last = ''] = pem.split('\n')
  const hex = bytes.toString('hex')
  const blob = blobOf('ssh-ed25519', bytes)
  const line = `ssh-ed25519 ${blob}`
  const ssh2 = [
    '---- BEGIN SSH2 PUBLIC KEY ----',
    'Comment: "ada, \\',
    'laptop"',
    blob,
    '---- END SSH2 PUBLIC KEY ----',
  ]
  return [
    ['base64', base64(bytes)],
    ['base64 without padding', base64(bytes).replace('=', '')],
    ['base64url', bytes.toString('base64url')],
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ['hex after 0x', `0x${hex}`],
    ['quoted base64', `"${base64(bytes)}"`],
    ['base64 with a line end', `${base64(bytes)}\r\n`],
    ['base64 with an escaped line end', `${base64(bytes)}\\n`],
    ['base64 behind a byte-order mark', `\uFEFF${base64(bytes)}`],
    ['the same key twice', `${base64(bytes)}\n${hex}`],
    ['a PEM', pem],
    ['a PEM of Windows', pem.replaceAll('\n', '\r\n')],
    ['a PEM of an old Macintosh', pem.replaceAll('\n', '\r')],
    ['an indented PEM', pem.replace(/^/gm, '    ')],
    ['a PEM on one line', `${first} ${body} ${last}`],
    ['a PEM without any line end', first + body + last],
    ['a PEM with escaped line ends', pem.replaceAll('\n', '\\n')],
    ['a PEM with escaped line ends of Windows', pem.replaceAll('\n', '\\r\\n')],
    ['a quoted PEM', `'${pem.trim()}'`],
    ['a PEM with words around it', `This is my key:\n${pem}Regards, Ada`],
    ['a PEM whose body is broken differently', `${first}\n${body.slice(0, 9)}\n${body.slice(9)}\n${last}`],
    ['an OpenSSH line', line],
    ['an OpenSSH line with a comment', `${line} ada@laptop`],
    ['an OpenSSH line with a comment of several words', `${line} Ada's new laptop`],
    ['an OpenSSH line with tabs', `ssh-ed25519\t${blob}\tada`],
    ['an OpenSSH line with several blanks', `ssh-ed25519   ${blob}   ada`],
    [
      'an OpenSSH line behind options',
      `no-pty,command="echo \\"ssh-rsa AAAA\\", x",from="10.0.0.1" ${line} ada`,
    ],
    ['an OpenSSH line behind one option and a tab', `restrict\t${line}`],
    ['a quoted OpenSSH line', `"${line} ada"`],
    ['an OpenSSH line that was broken', `ssh-ed25519 ${blob.slice(0, 30)}\n${blob.slice(30)} ada@laptop`],
    ['an OpenSSH line with each word on its own', `ssh-ed25519\n${blob}\nada`],
    ['an authorized_keys file with comments', `# laptops\n\n${line} ada\n\n# the end\n`],
    ['an authorized_keys file with one key twice', `${line} ada\nrestrict ${line} backup\n`],
    ['the blob of an OpenSSH line alone', blob],
    ['an SSH2 block', ssh2.join('\n')],
    ['an SSH2 block of Windows', ssh2.join('\r\n')],
  ]
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
const pair = generateKeyPairSync('ed25519')
const spki = { format: 'pem', type: 'spki' } as const
const own = Buffer.from(String(pair.publicKey.export({ format: 'jwk' }).x), 'base64url')
const ownLine = `ssh-ed25519 ${blobOf('ssh-ed25519', own)}`
const otherBytes = Buffer.from(
  String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x),
  'base64url',
)
const skBlob = blobOf('sk-ssh-ed25519@openssh.com', own, 'ssh:')
const certificateBlob = blobOf('ssh-ed25519-cert-v01@openssh.com', randomBytes(32), own, randomBytes(200))

/** What is no key of ours but can be told by name: what it is, its text, and a word that the refusal must say. */
export const namedSpellings: readonly (readonly [string, string, string])[] = [
  ['an RSA line', `ssh-rsa ${blobOf('ssh-rsa', '\u0001\0\u0001', randomBytes(257))} ada`, 'RSA'],
  ['an RSA line behind options', `no-pty ssh-rsa ${blobOf('ssh-rsa', randomBytes(257))}`, 'RSA'],
  ['the blob of an RSA line', blobOf('ssh-rsa', '\u0001\0\u0001', randomBytes(257)), 'RSA'],
  ['an RSA PEM', rsa.export(spki).toString(), 'RSA'],
  ['an RSA PEM of PKCS#1', rsa.export({ format: 'pem', type: 'pkcs1' }).toString(), 'RSA'],
  [
    'an ECDSA line',
    `ecdsa-sha2-nistp256 ${blobOf('ecdsa-sha2-nistp256', 'nistp256', randomBytes(65))}`,
    'ECDSA',
  ],
  ['an ECDSA PEM', ec.export(spki).toString(), 'ECDSA'],
  ['a DSA line', `ssh-dss ${blobOf('ssh-dss', randomBytes(128))}`, 'DSA'],
  ['an X25519 PEM', generateKeyPairSync('x25519').publicKey.export(spki).toString(), 'X25519'],
  ['an Ed448 PEM', generateKeyPairSync('ed448').publicKey.export(spki).toString(), 'Ed448'],
  ['a security key', `sk-ssh-ed25519@openssh.com ${skBlob} ada`, 'security key'],
  ['an ECDSA security key', `sk-ecdsa-sha2-nistp256@openssh.com ${skBlob}`, 'security key'],
  ['the blob of a security key', skBlob, 'security key'],
  ['an SSH certificate', `ssh-ed25519-cert-v01@openssh.com ${certificateBlob} ada`, 'certificate'],
  ['the blob of an SSH certificate', certificateBlob, 'certificate'],
  [
    'an X.509 certificate',
    `-----BEGIN CERTIFICATE-----\n${base64(randomBytes(300))}\n-----END CERTIFICATE-----\n`,
    'certificate',
  ],
  ['a fingerprint', `SHA256:${base64(randomBytes(32)).replace('=', '')}`, 'fingerprint'],
  [
    'what `ssh-keygen -l` prints',
    `256 SHA256:${base64(randomBytes(32)).replace('=', '')} ada (ED25519)`,
    'fingerprint',
  ],
  ['an old fingerprint', 'MD5:43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8', 'fingerprint'],
  ['an old fingerprint without its name', '43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8', 'fingerprint'],
  ['two different keys in base64', `${base64(own)}\n${base64(otherBytes)}`, 'two different keys'],
  [
    'two different lines',
    `${ownLine} ada\nssh-ed25519 ${blobOf('ssh-ed25519', otherBytes)} eve`,
    'two different keys',
  ],
  [
    'a key and an RSA key',
    `${ownLine}\nssh-rsa ${blobOf('ssh-rsa', randomBytes(257))}`,
    'two different keys',
  ],
  ['two different PEMs', pemOf(own) + pemOf(otherBytes), 'two different keys'],
  ['a PEM and another key in hex', `${pemOf(own)}${otherBytes.toString('hex')}`, 'two different keys'],
  ['half an OpenSSH line', ownLine.slice(0, 50), 'damaged'],
  ['an OpenSSH line without a key', 'ssh-ed25519', 'damaged'],
  ['an OpenSSH line of another type inside', `ssh-ed25519 ${blobOf('ssh-rsa', randomBytes(257))}`, 'RSA'],
  ['half a PEM', pemOf(own).slice(0, 50), 'damaged'],
  ['an empty PEM', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', 'damaged'],
  ['a PEM of nonsense', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'damaged'],
  [
    'a signature by `ssh-keygen -Y`',
    `-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----`,
    'no public key',
  ],
  ['a private PEM', pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'private key'],
  ['a private key of PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none', 'private key'],
  ['a key a hundred times', `${ownLine}\n`.repeat(100), 'too'],
  ['something very long', 'A'.repeat(9_000), 'too long'],
]

/** What nobody can tell. */
export const unknownSpellings: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['blanks', '   '],
  ['a label', 'laptop'],
  ['31 bytes', base64(randomBytes(31))],
  ['33 bytes', base64(randomBytes(33))],
  ['31 bytes in hex', randomBytes(31).toString('hex')],
  ['no base64', '*'.repeat(43)],
  ['base64 with stray bits at its end', `${base64(own).slice(0, -2)}B=`],
  ['a host and its key', `github.com ${ownLine}`],
  ['an Ethereum address', '0x52908400098527886E0F7030069857D2E4169EE7'],
  ['two kilobytes', 'A'.repeat(2_048)],
]
