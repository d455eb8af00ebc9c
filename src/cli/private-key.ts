// A private Ed25519 key on this machine: generated, or parsed from one of its formats. It signs and returns its public
// key; the private half is not accessible.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { KeySigner } from '../client/proof.js'
import { type ArmoredBlock, armoredBlocks } from './armored-block.js'
import { assertNever } from './cli-error.js'
import { decodeKeyText } from './key-text.js'
import { parseOpensshPrivateKey } from './openssh-private-key.js'
import { publicKeyText } from './public-key.js'
import { algorithmName, rawBytes, readPublicKeySpelling, withoutQuotes } from './public-key-spelling.js'
import { type KeySource, keyFailure } from './unusable-key.js'

/** A new key: its signer, and its PKCS#8 PEM for a file. */
export const generatePrivateKey = (): { signer: KeySigner; pem: string } => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  return { signer: signerOf(privateKey), pem: pem.toString() }
}

/**
 * Parses a private key: PKCS#8 PEM, OpenSSH, or 32 bytes of seed (64 with the public key after it) in base64 or hex; in
 * UTF-8 or UTF-16, also with changed line ends, indentation or quotes. Otherwise `KEY_ENCRYPTED` or `KEY_UNREADABLE`,
 * with what the text is and what to do.
 */
export const parsePrivateKey = (given: string | Uint8Array, source: KeySource): KeySigner => {
  const decoded = typeof given === 'string' ? given : decodeKeyText(given)
  if (decoded === null) throw keyFailure.binary(source)
  const text = withoutQuotes(decoded)
  const [, puttyAlgorithm] = /^PuTTY-User-Key-File-\d+: *(\S+)/m.exec(text) ?? []
  if (puttyAlgorithm !== undefined) throw keyFailure.putty(source, puttyAlgorithm)
  const { blocks } = armoredBlocks(text)
  return blocks.length > 0 ? fromBlocks(blocks, source) : fromRaw(text, source)
}

/** True if an argument of the command line is itself a key and not the name of a file. */
export const looksLikePrivateKey = (word: string): boolean =>
  /PRIVATE KEY|PuTTY-User-Key-File/.test(word) || seedAndPublic(withoutQuotes(word)) !== null

/** Public keys and certificates beside a private key are ignored; a second private key is refused. */
const fromBlocks = (blocks: readonly ArmoredBlock[], source: KeySource): KeySigner => {
  const signers = blocks
    .filter(({ label }) => label.includes('PRIVATE KEY'))
    .map((block) => fromBlock(block, source))
  const [signer, ...others] = signers
  if (signer === undefined) throw publicOrOther(blocks, source)
  if (others.some(({ publicKey }) => publicKey !== signer.publicKey)) throw keyFailure.severalKeys(source)
  return signer
}

const fromBlock = (block: ArmoredBlock, source: KeySource): KeySigner => {
  const { label, headers, bytes } = block
  switch (label) {
    case 'OPENSSH PRIVATE KEY':
      return fromOpenssh(bytes, source)
    case 'ENCRYPTED PRIVATE KEY':
      throw keyFailure.encrypted(source, 'openssl')
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'DSA PRIVATE KEY':
      throw keyFailure.otherAlgorithm(source, algorithmName(label.toLowerCase()))
    case 'PRIVATE KEY':
      if (headers.includes('ENCRYPTED')) throw keyFailure.encrypted(source, 'openssl')
      return fromPkcs8(bytes, source)
    default:
      throw label.startsWith('PGP ')
        ? keyFailure.otherAlgorithm(source, 'OpenPGP')
        : keyFailure.noPrivateKey(source)
  }
}

const fromPkcs8 = (bytes: Buffer | null, source: KeySource): KeySigner => {
  const key = bytes === null ? null : readPkcs8(bytes)
  if (key === null) throw keyFailure.damaged(source, 'PEM')
  const algorithm = key.asymmetricKeyType ?? 'unknown'
  if (algorithm !== 'ed25519') throw keyFailure.otherAlgorithm(source, algorithmName(algorithm))
  return signerOf(key)
}

const fromOpenssh = (bytes: Buffer | null, source: KeySource): KeySigner => {
  const key = bytes === null ? ({ kind: 'malformed' } as const) : parseOpensshPrivateKey(bytes)
  switch (key.kind) {
    case 'ed25519':
      return signerOfSeed(key.seed, key.publicKey, source)
    case 'encrypted':
      throw keyFailure.encrypted(source, 'ssh-keygen')
    case 'other-algorithm':
      throw key.algorithm.startsWith('sk-')
        ? keyFailure.securityKey(source)
        : keyFailure.otherAlgorithm(source, algorithmName(key.algorithm))
    case 'malformed':
      throw keyFailure.damaged(source, 'an OpenSSH key')
    default:
      return assertNever(key)
  }
}

const fromRaw = (text: string, source: KeySource): KeySigner => {
  const raw = seedAndPublic(text)
  if (raw !== null) return signerOfSeed(raw.seed, raw.publicKey, source)
  const spelling = readPublicKeySpelling(text)
  if (spelling.kind === 'key') throw keyFailure.publicHalf(source)
  throw spelling.kind === 'other'
    ? keyFailure.named(source, spelling.because)
    : keyFailure.noPrivateKey(source)
}

const seedAndPublic = (text: string): { seed: Buffer; publicKey: Buffer | null } | null => {
  const seed = rawBytes(text, 32)
  if (seed !== null) return { seed, publicKey: null }
  const both = rawBytes(text, 64)
  return both === null ? null : { seed: both.subarray(0, 32), publicKey: both.subarray(32) }
}

const publicOrOther = (blocks: readonly ArmoredBlock[], source: KeySource): Error => {
  const labels = blocks.map(({ label }) => label)
  if (labels.some((label) => label.endsWith('PUBLIC KEY'))) return keyFailure.publicHalf(source)
  return labels.includes('CERTIFICATE') ? keyFailure.certificate(source) : keyFailure.noPrivateKey(source)
}

/** The bytes before the 32 bytes of seed in every PKCS#8 Ed25519 key (RFC 8410 section 7). */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex')

const signerOfSeed = (seed: Buffer, publicKey: Buffer | null, source: KeySource): KeySigner => {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: 'der', type: 'pkcs8' })
  const signer = signerOf(key)
  if (publicKey !== null && publicKey.toString('base64') !== signer.publicKey)
    throw keyFailure.halvesDiffer(source)
  return signer
}

const signerOf = (key: KeyObject): KeySigner => ({
  publicKey: publicKeyText(createPublicKey(key)),
  sign: async (message) => sign(null, message, key),
})

const readPkcs8 = (der: Buffer): KeyObject | null => {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    return null
  }
}
