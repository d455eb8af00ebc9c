// Recovers the public key of an Ethereum signature, natively where there is a binary for this machine.
import { createRequire } from 'node:module'
import type * as Secp256k1 from 'secp256k1'
import type { KeySignature } from './signature.js'

/** One way to recover keys. */
export interface KeyRecovery {
  readonly kind: 'native' | 'javascript'
  /** The uncompressed public key (65 bytes) that signed a hash of 32 bytes; null if no key did. */
  recover(hash: Uint8Array, signature: KeySignature): Uint8Array | null
}

/**
 * libsecp256k1 through the package `secp256k1`; null without a binary for this machine. Loads the binding by its name,
 * because the package's main file falls back to another library, which is not as strict.
 */
export const loadNativeRecovery = (): KeyRecovery | null => {
  let native: typeof Secp256k1
  try {
    native = createRequire(import.meta.url)('secp256k1/bindings.js') as typeof Secp256k1
  } catch {
    return null
  }
  return {
    kind: 'native',
    recover: (hash, { rs, parity }) => {
      try {
        return native.ecdsaRecover(rs, parity, hash, false)
      } catch {
        // r or s is out of range, or r is no coordinate of a point.
        return null
      }
    },
  }
}

/** The same in JavaScript, 25 times as slow. */
export const loadJavascriptRecovery = async (): Promise<KeyRecovery> => {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js')
  return {
    kind: 'javascript',
    recover: (hash, { rs, parity }) => {
      try {
        return secp256k1.Signature.fromBytes(rs).addRecoveryBit(parity).recoverPublicKey(hash).toBytes(false)
      } catch {
        return null
      }
    },
  }
}

/** The faster way that this machine has. */
export const loadKeyRecovery = async (): Promise<KeyRecovery> =>
  loadNativeRecovery() ?? (await loadJavascriptRecovery())
