// The keys of an endpoint: an HMAC secret and an Ed25519 key pair, made and sealed together, and signing together.
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { KeyRing } from '../tokens/key-ring.js'
import { type SealNeeds, seal, unseal } from '../tokens/sealed-value.js'
import { Secret } from '../tokens/secret.js'

/** Standard Webhooks asks for 24 bytes at least; 32 is the block that HMAC-SHA256 puts out. */
const secretBytes = 32
/** How the secret is written, so that receivers and scanners for leaks recognise it. */
const secretPrefix = 'whsec_'

/** The keys in use. */
export interface EndpointKeys {
  readonly secret: Buffer
  readonly privateKey: KeyObject
}

/** New keys: for the database, and the secret for the receiver. */
export interface NewEndpointKeys {
  readonly sealedKeys: string
  /** base64url of the 32 bytes. */
  readonly publicKey: string
  /** `whsec_` and base64; shown once. */
  readonly secret: Secret
}

/** What is sealed. */
interface StoredKeys {
  /** base64 */
  readonly secret: string
  /** PKCS 8, base64 */
  readonly privateKey: string
}

/** Makes keys. */
export const makeEndpointKeys = (needs: SealNeeds): NewEndpointKeys => {
  const secret = needs.random.bytes(secretBytes).toString('base64')
  const pair = generateKeyPairSync('ed25519')
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  const stored: StoredKeys = { secret, privateKey }
  return {
    sealedKeys: seal(needs, 'webhook', stored),
    publicKey: pair.publicKey.export({ format: 'jwk' }).x ?? '',
    secret: new Secret(`${secretPrefix}${secret}`),
  }
}

/** The keys; null if none of the listed secrets sealed them. */
export const openEndpointKeys = (keyRing: KeyRing, sealed: string): EndpointKeys | null => {
  const opened = unseal(keyRing, 'webhook', sealed)
  if (opened === null) return null
  // Sealed by us, so its content is what `makeEndpointKeys` wrote.
  const { secret, privateKey } = opened.data as StoredKeys
  return {
    secret: Buffer.from(secret, 'base64'),
    privateKey: createPrivateKey({
      key: Buffer.from(privateKey, 'base64'),
      format: 'der',
      type: 'pkcs8',
    }),
  }
}

/** The same keys, sealed by the first secret of the list; null if they are already, or cannot be opened. */
export const resealEndpointKeys = (needs: SealNeeds, sealed: string): string | null => {
  const opened = unseal(needs.keyRing, 'webhook', sealed)
  // Sealed by us, so it is an object.
  return opened?.byOlderSecret ? seal(needs, 'webhook', opened.data as StoredKeys) : null
}

/** A request to be signed. */
export interface SignedRequest {
  readonly id: string
  /** When it is sent. */
  readonly at: Date
  readonly body: string
}

/** Seconds since 1970, as the header has them. */
export const timestampOf = (at: Date): string => String(Math.floor(at.getTime() / 1_000))

/** The headers of Standard Webhooks 1.0.0: `v1` (HMAC-SHA256) and `v1a` (Ed25519) of each of the keys. */
export const signedHeaders = (
  { id, at, body }: SignedRequest,
  keys: readonly EndpointKeys[],
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> => {
  const timestamp = timestampOf(at)
  const content = Buffer.from(`${id}.${timestamp}.${body}`)
  const signatures = keys.flatMap(({ secret, privateKey }) => [
    `v1,${createHmac('sha256', secret).update(content).digest('base64')}`,
    `v1a,${sign(null, content, privateKey).toString('base64')}`,
  ])
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
