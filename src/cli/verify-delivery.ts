// Verifies a delivery as a receiver does (Standard Webhooks 1.0.0, "Verifying webhook authenticity").

import { createPublicKey, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { ReceivedRequest } from './webhook-receiver.js'

/** What verifies the deliveries of an endpoint. */
export interface VerificationKeys {
  /** `whsec_` and base64. */
  readonly secret: string
  /** Each `whpk_` and base64. */
  readonly publicKeys: readonly string[]
}

/** What a verification found. */
export interface Verdict {
  /** The schemes of which a signature holds: `v1` by the secret, `v1a` by a public key. */
  readonly schemes: readonly ('v1' | 'v1a')[]
  /** Why the delivery is not genuine; null if it is. */
  readonly failure: string | null
}

/** Genuine is what both schemes say, in a request of the last five minutes. */
export const verifyDelivery = (keys: VerificationKeys, { headers, body }: ReceivedRequest): Verdict => {
  const failure = failureOfSecret(keys.secret, { headers, body })
  const isSignedByKey = keys.publicKeys.some((key) => isSignedBy(key, { headers, body }))
  const schemes = [failure === null ? (['v1'] as const) : [], isSignedByKey ? (['v1a'] as const) : []].flat()
  if (failure !== null) return { schemes, failure }
  return { schemes, failure: isSignedByKey ? null : 'No signature of the public key found' }
}

const single = (value: string | string[] | undefined): string => [value ?? ''].flat()[0] ?? ''

const failureOfSecret = (secret: string, { headers, body }: ReceivedRequest): string | null => {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, single(value)]))
  try {
    new Webhook(secret).verify(body, given, { jsonParse: false })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The time is verified with the secret. */
const isSignedBy = (publicKey: string, { headers, body }: ReceivedRequest): boolean => {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const content = `${single(headers['webhook-id'])}.${single(headers['webhook-timestamp'])}.${body}`
  return single(headers['webhook-signature'])
    .split(' ')
    .filter((signature) => signature.startsWith('v1a,'))
    .some((signature) =>
      verify(null, Buffer.from(content), key, Buffer.from(signature.slice('v1a,'.length), 'base64')),
    )
}
