// A private Ed25519 key on this machine: made, or read from the text of one of its formats. It can sign and
// tell its public key; nothing else leaves it.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { KeySigner } from '../client/proof.js'
import { assertNever, CliError } from './cli-error.js'
import { parseOpensshPrivateKey } from './openssh-private-key.js'
import { publicKeyText } from './public-key.js'
import { rawBytes } from './public-key-spelling.js'

/** A new key: its signer, and the PKCS#8 PEM to write to a file. */
export const generatePrivateKey = (): { signer: KeySigner; pem: string } => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  return { signer: signerOf(privateKey), pem: pem.toString() }
}

/**
 * The key in `text`: PKCS#8 PEM, OpenSSH, or 32 bytes of seed (64 with the public key behind) as base64 or
 * hex. `source` names where it came from. `KEY_ENCRYPTED` or `KEY_UNREADABLE` otherwise.
 */
export const parsePrivateKey = (text: string, source: string): KeySigner => {
  const given = text.trim()
  if (given.startsWith('-----BEGIN OPENSSH PRIVATE KEY-----')) return fromOpenssh(given, source)
  if (given.startsWith('-----BEGIN ')) return fromPem(given, source)
  return fromRaw(given, source)
}

/** Whether a word on the command line is a key itself and not the name of a file that holds one. */
export const looksLikePrivateKey = (word: string): boolean =>
  word.includes('PRIVATE KEY') || rawBytes(word, 32) !== null || rawBytes(word, 64) !== null

const fromPem = (pem: string, source: string): KeySigner => {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw encrypted(source, 'openssl pkey -in FILE -out PLAIN_FILE')
  }
  if (pem.startsWith('-----BEGIN PUBLIC KEY-----')) throw unreadable(`${source} holds a public key`)
  const key = keyOfPem(pem)
  if (key === null) throw unreadable(`${source} is damaged PEM`)
  const algorithm = key.asymmetricKeyType
  if (algorithm !== 'ed25519') throw unreadable(`${source} holds a key for ${algorithm}, not Ed25519`)
  return signerOf(key)
}

const fromOpenssh = (text: string, source: string): KeySigner => {
  const key = parseOpensshPrivateKey(text)
  switch (key.kind) {
    case 'ed25519':
      return signerOfSeed(key.seed, key.publicKey, source)
    case 'encrypted':
      throw encrypted(source, 'cp FILE PLAIN_FILE && ssh-keygen -p -N "" -f PLAIN_FILE')
    case 'other-algorithm':
      throw unreadable(`${source} holds a key for ${key.algorithm}, not Ed25519`)
    case 'malformed':
      throw unreadable(`${source} is a damaged OpenSSH key`)
    default:
      return assertNever(key)
  }
}

const fromRaw = (text: string, source: string): KeySigner => {
  const seed = rawBytes(text, 32)
  if (seed !== null) return signerOfSeed(seed, null, source)
  const both = rawBytes(text, 64)
  if (both !== null) return signerOfSeed(both.subarray(0, 32), both.subarray(32), source)
  throw unreadable(
    /^(ssh|ecdsa)-/.test(text) ? `${source} holds a public key` : `${source} holds no private key`,
  )
}

/** What stands before the 32 bytes of seed in every PKCS#8 Ed25519 key (RFC 8410 section 7). */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex')

const signerOfSeed = (seed: Buffer, publicKey: Buffer | null, source: string): KeySigner => {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: 'der', type: 'pkcs8' })
  const signer = signerOf(key)
  if (publicKey !== null && publicKey.toString('base64') !== signer.publicKey) {
    throw unreadable(`${source} is damaged: its public half does not belong to its private half`)
  }
  return signer
}

const signerOf = (key: KeyObject): KeySigner => ({
  publicKey: publicKeyText(createPublicKey(key)),
  sign: async (message) => sign(null, message, key),
})

const keyOfPem = (pem: string): KeyObject | null => {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

const encrypted = (source: string, command: string): CliError =>
  new CliError(
    'KEY_ENCRYPTED',
    `${source} is encrypted, and idem asks for no passphrase.`,
    `Decrypt a copy: ${command}`,
  )

const unreadable = (what: string): CliError =>
  new CliError('KEY_UNREADABLE', `${what}.`, 'Make a key with: idem keygen --out FILE')
