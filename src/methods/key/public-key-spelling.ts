// Parses public keys in the spellings that people have, and recognises what is given instead of one. The service and
// the command line share no code: each has this file, and a test keeps the two identical.
import { createPublicKey } from 'node:crypto'
import { type ArmoredBlock, armoredBlocks } from './armored-block.js'

/** The content of a text: one Ed25519 key, something else that has a name, or something unknown. */
export type PublicKeySpelling =
  | { readonly kind: 'key'; readonly bytes: Buffer }
  /** `because` is a sentence for the user; it contains nothing of the text. */
  | { readonly kind: 'other'; readonly because: string }
  | { readonly kind: 'unknown' }

type Key = Extract<PublicKeySpelling, { kind: 'key' }>

/** Enough for a certificate and for an `authorized_keys` file of several lines. In characters. */
const longestSpelling = 8_192
/** Limit of the pieces of a broken line, because each piece costs time. */
const mostBlocks = 4
const mostLines = 32
const keyLength = 32

/**
 * The key in a text: 32 bytes in base64 (either alphabet) or hex, an SPKI PEM, or OpenSSH's line, blob or SSH2 block
 * (RFC 4716); also with options, comments, quotes, and escaped or lost line ends. Does not check whether the bytes are
 * a valid point of the curve.
 */
export const readPublicKeySpelling = (given: string): PublicKeySpelling => {
  if (given.length > longestSpelling) return other('This is too long for an Ed25519 public key.')
  if (/PRIVATE KEY|PuTTY-User-Key-File/.test(given))
    return other('This is a private key. Keep it to yourself and give the public one.')
  const text = withoutQuotes(given)
  const { blocks, rest } = armoredBlocks(text)
  const lines = rest
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (blocks.length > mostBlocks || lines.length > mostLines)
    return other('These are too many lines for one public key.')
  if (blocks.length > 0) return single([...blocks.map(fromBlock), ...lines.map(fromLine).filter(isKey)])
  const perLine = lines.map(fromLine)
  return unbroken(lines, perLine) ?? single(perLine)
}

/** The key in a single line that was broken into several; null if the text has several separate lines. */
const unbroken = (
  lines: readonly string[],
  perLine: readonly PublicKeySpelling[],
): PublicKeySpelling | null => {
  if (lines.length < 2 || lines.filter((line) => typed.test(line.replace(options, ''))).length > 1)
    return null
  const whole = [lines.join(''), lines.join(' ')].map(fromLine).find(isKey)
  return whole !== undefined && isOneKey([whole, ...perLine.filter(isKey)]) ? whole : null
}

/** Exactly `length` bytes written as hex or base64 (either alphabet, padded or not), or null. */
export const rawBytes = (text: string, length: number): Buffer | null => {
  const digits = text.replace(/^0x/i, '')
  if (digits.length === length * 2 && /^[0-9a-f]+$/i.test(digits)) return Buffer.from(digits, 'hex')
  if (!/^[\w+/-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  const unpadded = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return bytes.length === length && bytes.toString('base64url') === unpadded ? bytes : null
}

/** The text without white space, a byte-order mark, an escaped line end and quotes around it. */
export const withoutQuotes = (given: string): string => {
  const text = given.replace(/^\uFEFF/, '').trim()
  const [, , quoted] = /^(["'`])([\s\S]*)\1$/.exec(text) ?? []
  return (quoted ?? text).replace(/(?:\\[nr]){1,2}$/, '').trim()
}

/** The name of an algorithm, from Node's name or the word of SSH. */
export const algorithmName = (word: string): string => {
  if (/rsa/.test(word)) return 'RSA'
  if (/^ec/.test(word)) return 'ECDSA'
  if (/dsa|dss/.test(word)) return 'DSA'
  return { x25519: 'X25519', x448: 'X448', ed448: 'Ed448', 'ssh-ed448': 'Ed448' }[word] ?? word
}

const other = (because: string): PublicKeySpelling => ({ kind: 'other', because })
const unknown: PublicKeySpelling = { kind: 'unknown' }
const isKey = (spelling: PublicKeySpelling): spelling is Key => spelling.kind === 'key'
const isOneKey = ([first, ...others]: readonly Key[]): boolean =>
  first !== undefined && others.every(({ bytes }) => bytes.equals(first.bytes))

const twoKeys = other('These are two different keys. Give one.')

/** The common result of several spellings. */
const single = (found: readonly PublicKeySpelling[]): PublicKeySpelling => {
  const named = found.find(({ kind }) => kind === 'other')
  const keys = found.filter(isKey)
  const [key] = keys
  if (named !== undefined) return key === undefined ? named : twoKeys
  if (key === undefined || keys.length < found.length) return unknown
  return isOneKey(keys) ? key : twoKeys
}

const fromBlock = ({ label, bytes }: ArmoredBlock): PublicKeySpelling => {
  if (label === 'CERTIFICATE')
    return other(
      'This is a certificate, not a key. openssl x509 -in FILE -noout -pubkey prints the key in it.',
    )
  if (label === 'RSA PUBLIC KEY') return otherAlgorithm('rsa')
  if (label === 'SSH2 PUBLIC KEY') return bytes === null ? damaged : fromBlob(bytes)
  if (label !== 'PUBLIC KEY') return other('This block holds no public key.')
  const key = bytes === null ? null : readSpki(bytes)
  if (key === null) return damaged
  return key.algorithm === 'ed25519' ? key.spelling : otherAlgorithm(key.algorithm)
}

const damaged = other('This public key is damaged. openssl pkey -pubout prints one anew.')

const readSpki = (der: Buffer): { algorithm: string; spelling: PublicKeySpelling } | null => {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const algorithm = key.asymmetricKeyType ?? 'unknown'
    const x = algorithm === 'ed25519' ? (key.export({ format: 'jwk' }).x ?? '') : ''
    return { algorithm, spelling: { kind: 'key', bytes: Buffer.from(x, 'base64url') } }
  } catch {
    return null // Any error means that it is not a valid key.
  }
}

/** The options that may precede a key in `authorized_keys` (sshd(8)): names, some with a quoted value. */
const option = '[a-z0-9-]+(?:="(?:[^"\\\\]|\\\\.)*")?'
const options = new RegExp(`^${option}(?:,${option})*[ \\t]+(?=(?:ssh|sk|ecdsa|rsa)-)`, 'i')
const typed =
  /^((?:sk-)?(?:ssh-(?:ed25519|ed448|rsa|dss)|ecdsa-sha2-nistp\d+|rsa-sha2-\d+)(?:-cert-v\d+)?(?:@openssh\.com)?)(?:[ \t]+(\S+))?(?:[ \t]|$)/
const fingerprint =
  /^(?:\d+[ \t]+)?(?:SHA256:[\w+/-]{43}=?|(?:MD5:)?[0-9a-f]{2}(?::[0-9a-f]{2}){15})(?:[ \t]|$)/i

const fromLine = (line: string): PublicKeySpelling => {
  if (fingerprint.test(line))
    return other('This is the fingerprint of a key, not the key. Give the whole line of the .pub file.')
  const raw = rawBytes(line, keyLength)
  if (raw !== null) return { kind: 'key', bytes: raw }
  const [, type, base64 = ''] = typed.exec(line.replace(options, '')) ?? []
  if (type === undefined) return fromBareBlob(line)
  return type === 'ssh-ed25519' ? fromBlob(Buffer.from(base64, 'base64')) : otherSshType(type)
}

const otherSshType = (type: string): PublicKeySpelling => {
  if (type.includes('-cert-'))
    return other('This is an SSH certificate, not a key. Give the .pub file whose name has no -cert.')
  if (type.startsWith('sk-'))
    return other(
      'This key is in a security key, which signs in a form of its own. Only plain Ed25519 keys are accepted.',
    )
  return otherAlgorithm(type)
}

const otherAlgorithm = (word: string): PublicKeySpelling =>
  other(`This is a key for ${algorithmName(word)}. Only Ed25519 keys are accepted.`)

/** RFC 8709 section 4: `string "ssh-ed25519"`, `string key`, each after its length in four bytes. */
const header = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1')

const fromBlob = (blob: Buffer): PublicKeySpelling => {
  const isWhole = blob.length === header.length + keyLength && blob.subarray(0, header.length).equals(header)
  if (isWhole) return { kind: 'key', bytes: blob.subarray(header.length) }
  const type = typeOf(blob)
  return type === null || type === 'ssh-ed25519'
    ? other('This OpenSSH public key is damaged or cut off.')
    : otherSshType(type)
}

/** The blob of a line without the type before it. */
const fromBareBlob = (line: string): PublicKeySpelling => {
  const blob = /^AAAA[A-Za-z0-9+/]+=*$/.test(line) ? Buffer.from(line, 'base64') : null
  return blob === null || typeOf(blob) === null ? unknown : fromBlob(blob)
}

/** The type at the beginning of a blob; null if there is none. */
const typeOf = (blob: Buffer): string | null => {
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0)
  const type = blob.subarray(4, 4 + length).toString('latin1')
  return typed.test(type) ? type : null
}
