// Public Ed25519 keys in the spellings that people have them in.

import { createPublicKey, type KeyObject } from 'node:crypto'

/** The one spelling used here and by the server: base64 of the 32 raw bytes. */
export const publicKeyText = (key: KeyObject): string =>
  Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')

/**
 * The same spelling of a key given as base64 (either alphabet), hex, SPKI PEM or an OpenSSH line; null when
 * it is none of these.
 */
export const normalizePublicKey = (text: string): string | null => {
  const given = text.trim()
  if (given.startsWith('-----BEGIN PUBLIC KEY-----')) return fromPem(given)
  if (given.startsWith('ssh-ed25519 ')) return fromOpensshLine(given)
  return rawBytes(given, 32)?.toString('base64') ?? null
}

/** Exactly `length` bytes written as hex or base64 (either alphabet, padded or not), or null. */
export const rawBytes = (text: string, length: number): Buffer | null => {
  if (text.length === length * 2 && /^[0-9a-f]+$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^[\w+/-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  const isExact = bytes.length === length && bytes.toString('base64url') === unpadded(text)
  return isExact ? bytes : null
}

const unpadded = (base64: string): string =>
  base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

const fromPem = (pem: string): string | null => {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? publicKeyText(key) : null
  } catch {
    return null
  }
}

/** `ssh-ed25519 <base64 of string "ssh-ed25519", string key> [comment]`: 19 bytes stand before the key. */
const fromOpensshLine = (line: string): string | null => {
  const blob = rawBytes(line.split(/\s+/)[1] ?? '', 51)
  const header = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1')
  if (blob === null || !blob.subarray(0, header.length).equals(header)) return null
  return blob.subarray(header.length).toString('base64')
}
