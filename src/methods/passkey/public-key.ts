// The public keys of passkeys that are accepted: ES256, EdDSA and RS256, each in its one form (RFC 9053 7, RFC 8230 4).
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { isSoundPoint } from '../key/public-key.js'
import { loadWebauthn } from './load-webauthn.js'

/** The numbers of the registry "CBOR Object Signing and Encryption" (RFC 9053, RFC 8230). */
const algorithms = { ES256: -7, EdDSA: -8, RS256: -257 } as const
const keyTypes = { OKP: 1, EC2: 2, RSA: 3 } as const
const curves = { P256: 1, ED25519: 6 } as const
const labels = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1, e: -2 } as const

/** The COSE numbers of the accepted algorithms, the most common one first. */
export const acceptedAlgorithms: readonly number[] = [algorithms.ES256, algorithms.EdDSA, algorithms.RS256]

/** Bytes of a coordinate of P-256, and of a key of Ed25519. */
const pointLength = 32
/** Lengths of an RSA modulus in bytes: below 2,048 bits it is weak, above 4,096 bits it is slow to verify. */
const [shortestModulus, longestModulus] = [256, 512]
/** 65537, as TPMs have it. A large exponent is slow to verify. */
const exponent = Buffer.from([1, 0, 1])

type Cose = Map<number, unknown>

const bytesAt = (key: Cose, label: number): Buffer => {
  const value = key.get(label)
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0)
}

/** The key as JWK; null if it is not of an accepted form. */
const jwkOf = (key: Cose): JsonWebKey | null => {
  const [type, algorithm, curve] = [key.get(labels.kty), key.get(labels.alg), key.get(labels.crv)]
  const [x, y] = [bytesAt(key, labels.x), bytesAt(key, labels.y)]
  if (algorithm === algorithms.ES256 && type === keyTypes.EC2 && curve === curves.P256)
    return x.length === pointLength && y.length === pointLength
      ? { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') }
      : null
  if (algorithm === algorithms.EdDSA && type === keyTypes.OKP && curve === curves.ED25519)
    return x.length === pointLength && isSoundPoint(x)
      ? { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') }
      : null
  if (algorithm !== algorithms.RS256 || type !== keyTypes.RSA) return null
  const [n, e] = [bytesAt(key, labels.n), bytesAt(key, labels.e)]
  const isFit = n.length >= shortestModulus && n.length <= longestModulus && n[0] !== 0 && e.equals(exponent)
  return isFit ? { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') } : null
}

/** True for a COSE key of an accepted algorithm and form, whose point is on its curve. */
export const isAcceptedKey = async (coseKey: Uint8Array): Promise<boolean> => {
  const { helpers } = await loadWebauthn()
  try {
    const jwk = jwkOf(helpers.decodeCredentialPublicKey(Uint8Array.from(coseKey)) as unknown as Cose)
    return jwk !== null && createPublicKey({ key: jwk, format: 'jwk' }).type === 'public'
  } catch {
    // Not on the curve.
    return false
  }
}
