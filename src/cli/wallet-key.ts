// A private key of an Ethereum account on this machine: parsed from one of its formats. It signs and returns its address;
// the private half is not accessible.

import { createPrivateKey } from 'node:crypto'
import type { WalletSigner } from '../client/wallet.js'
import { type ArmoredBlock, armoredBlocks } from './armored-block.js'
import { CliError } from './cli-error.js'
import { decodeKeyText } from './key-text.js'
import { algorithmName, withoutQuotes } from './public-key-spelling.js'
import type { KeySource } from './unusable-key.js'

/** A wallet before the chain is known that it signs for. */
export type WalletKey = Omit<WalletSigner, 'chainId'>

/**
 * Parses the key of an Ethereum account: 32 bytes in hex, with or without 0x, or a PEM (SEC 1, PKCS#8) of an EC key on
 * secp256k1; in UTF-8 or UTF-16, also with changed line ends or quotes. Otherwise `KEY_ENCRYPTED` or `KEY_UNREADABLE`,
 * with what the text is and what to do.
 */
export const parseWalletKey = async (bytes: Uint8Array, source: KeySource): Promise<WalletKey> => {
  const decoded = decodeKeyText(bytes)
  if (decoded === null) throw unreadable(source, 'is binary', formats)
  const text = withoutQuotes(decoded)
  const { blocks } = armoredBlocks(text)
  const secret = blocks.length > 0 ? secretInBlocks(blocks, source) : secretInText(text.trim(), source)
  // Loaded here, because most commands need no curve.
  const { walletOfSecret } = await import('./wallet-signature.js')
  const wallet = walletOfSecret(secret)
  if (wallet === null) throw unreadable(source, 'holds a number that is no key of secp256k1', formats)
  return wallet
}

/** True if an argument of the command line is itself a key, or what makes one, and not the name of a file. */
export const looksLikeWalletKey = (word: string): boolean => {
  const text = withoutQuotes(word)
  return /PRIVATE KEY/.test(word) || hexOf(text, 32) !== null || isPhrase(text) || isExtendedKey(text)
}

/** The error for a text without a key. */
export const noWalletKey = (source: KeySource): CliError =>
  unreadable(source, 'holds no private key', formats)

const formats = 'Read are 64 hex digits, with or without 0x, and the PEM of an EC key on secp256k1.'
const exportIt =
  'In the wallet, show the private key of the one account ("export private key"), and put that into a file.'

const secretInText = (text: string, source: KeySource): Buffer => {
  const secret = hexOf(text, 32)
  if (secret !== null) return secret
  throw otherText(text, source)
}

/** The error for a text, by what it is. */
const otherText = (text: string, source: KeySource): CliError => {
  const keystore = keystoreIn(text)
  if (keystore !== null) return keystore(source)
  if (hexOf(text, 20) !== null)
    return unreadable(source, 'holds an address, which everybody may know', exportIt)
  if (hexOf(text, 64) !== null || hexOf(text, 65) !== null || hexOf(text, 33) !== null)
    return unreadable(source, 'holds a public key', exportIt)
  if (isExtendedKey(text)) return unreadable(source, 'holds a key for many accounts (BIP 32)', exportIt)
  if (isPhrase(text))
    return unreadable(source, 'holds a recovery phrase, which opens all accounts of a wallet', exportIt)
  return noWalletKey(source)
}

/** A JSON keystore (Web3 Secret Storage) or another JSON; null for other texts. */
const keystoreIn = (text: string): ((source: KeySource) => CliError) | null => {
  if (!text.startsWith('{')) return null
  return /"(?:crypto|Crypto)"\s*:/.test(text) && /"version"\s*:\s*3/.test(text)
    ? (source) =>
        new CliError(
          'KEY_ENCRYPTED',
          `${source.what} is a keystore (Web3 Secret Storage), encrypted by a password that idem does not ask for.`,
          'Decrypt a copy: cast wallet decrypt-keystore (Foundry), or in Node: import { Wallet } from "ethers"; ' +
            '(await Wallet.fromEncryptedJson(json, password)).privateKey',
        )
    : (source) => unreadable(source, 'holds JSON that is no keystore', formats)
}

/** A key for many accounts (BIP 32), private or public. */
const isExtendedKey = (text: string): boolean => /^xp(?:rv|ub)/.test(text)

/** 12 to 24 lower-case words (BIP 39). */
const isPhrase = (text: string): boolean => {
  const words = text.split(/\s+/)
  return words.length >= 12 && words.length <= 24 && words.every((word) => /^[a-z]{3,8}$/.test(word))
}

const secretInBlocks = (blocks: readonly ArmoredBlock[], source: KeySource): Buffer => {
  // `openssl ecparam -genkey` writes the curve before the key.
  const keys = blocks.filter(({ label }) => label !== 'EC PARAMETERS')
  const [block, ...others] = keys.filter(({ label }) => label.includes('PRIVATE KEY'))
  if (block === undefined)
    throw keys.some(({ label }) => label.includes('PUBLIC KEY'))
      ? unreadable(source, 'holds a public key', 'Give the private half.')
      : noWalletKey(source)
  if (others.length > 0)
    throw unreadable(
      source,
      'holds several private keys',
      'Leave the one that is meant in a file of its own.',
    )
  if (block.label === 'ENCRYPTED PRIVATE KEY' || block.headers.includes('ENCRYPTED')) throw encrypted(source)
  return secretInBlock(block, source)
}

const encrypted = (source: KeySource): CliError =>
  new CliError(
    'KEY_ENCRYPTED',
    `${source.what} is encrypted, and idem asks for no passphrase.`,
    'Decrypt a copy: openssl pkey -in FILE -out FILE.plain',
  )

const secretInBlock = ({ label, bytes }: ArmoredBlock, source: KeySource): Buffer => {
  const format = label === 'EC PRIVATE KEY' ? 'sec1' : label === 'PRIVATE KEY' ? 'pkcs8' : null
  if (format === null) throw otherAlgorithm(source, algorithmName(label.toLowerCase()))
  try {
    const key = createPrivateKey({ key: bytes ?? Buffer.alloc(0), format: 'der', type: format })
    const curve = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown'
    if (curve !== 'secp256k1')
      throw otherAlgorithm(source, curve === 'ed25519' ? 'Ed25519' : algorithmName(curve))
    return Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')
  } catch (error) {
    if (error instanceof CliError) throw error
    throw unreadable(source, 'is damaged: PEM that is cut off or changed', 'Give an undamaged copy of it.')
  }
}

const otherAlgorithm = (source: KeySource, algorithm: string): CliError =>
  unreadable(
    source,
    `holds a key for ${algorithm}, not for secp256k1`,
    'Give the key of an Ethereum account. With an Ed25519 key: idem login --private-key FILE',
  )

/** The bytes of a text that is exactly so many in hex, with or without 0x. */
const hexOf = (text: string, length: number): Buffer | null => {
  const [, digits] = /^(?:0x)?([0-9a-f]+)$/i.exec(text) ?? []
  return digits?.length === length * 2 ? Buffer.from(digits, 'hex') : null
}

const unreadable = (source: KeySource, what: string, next: string): CliError =>
  new CliError('KEY_UNREADABLE', `${source.what} ${what}.`, next)
