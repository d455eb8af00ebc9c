// Sealed values: encrypted data that a client or the database stores for us, unreadable and unchangeable (JWE, RFC 7516).
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import type { KeyPurpose, KeyRing } from './key-ring.js'
import { isInOneSpelling } from './one-spelling.js'

const algorithm = 'dir'
const encryption = 'A256GCM'

/** Encrypts JSON `data` for a purpose as a compact JWE. */
export const seal = async (ring: KeyRing, purpose: KeyPurpose, data: object): Promise<string> => {
  const key = ring.sealing(purpose)
  return await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(data)))
    .setProtectedHeader({ alg: algorithm, enc: encryption, kid: key.id })
    .encrypt(key.bytes)
}

/**
 * The data of a sealed value, and whether an older secret decrypted it; null if none of our secrets sealed it for this
 * purpose.
 */
export const unseal = async (
  ring: KeyRing,
  purpose: KeyPurpose,
  sealed: string,
): Promise<{ readonly data: unknown; readonly byOlderSecret: boolean } | null> => {
  if (!isInOneSpelling(sealed)) return null
  try {
    const { kid } = decodeProtectedHeader(sealed)
    const key = ring.keys(purpose).find((candidate) => candidate.id === kid)
    if (key === undefined) return null
    const { plaintext } = await compactDecrypt(sealed, key.bytes, {
      keyManagementAlgorithms: [algorithm],
      contentEncryptionAlgorithms: [encryption],
    })
    return {
      data: JSON.parse(new TextDecoder().decode(plaintext)),
      byOlderSecret: key !== ring.sealing(purpose),
    }
  } catch {
    // Not a JWE, not ours, or modified: the caller treats all of these alike.
    return null
  }
}
