// A webhook endpoint: a URL to which events are sent, and the keys that sign them.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { EventType } from './event.js'

/**
 * Most endpoints of an installation, because each event is a row for each of them, and the key set lists two keys of
 * each.
 */
export const mostEndpoints = 200

/** Why an endpoint is disabled: an operator said so, it answered 410 Gone, or it failed for days. */
export type DisabledBecause = 'OPERATOR' | 'GONE' | 'FAILING'

const WebhookEndpointSchema = defineEntity({
  name: 'WebhookEndpoint',
  tableName: 'webhook_endpoint',
  properties: {
    id: p.uuid().primary(),
    url: p.text(),
    /** The operators' description, or null. */
    description: p.text().strictNullable(),
    /** The events that it wants; null for all. */
    eventTypes: p.array().$type<readonly EventType[]>().strictNullable(),
    isEnabled: p.boolean(),
    disabledAt: p.datetime().strictNullable(),
    disabledBecause: p.text().$type<DisabledBecause>().strictNullable(),
    /** Its HMAC secret and its private Ed25519 key, encrypted. */
    sealedKeys: p.text(),
    /** Its public Ed25519 key: base64url of the 32 bytes. */
    publicKey: p.text(),
    /** The keys before the rotation, which sign too until `rotatedUntil`; null if there was none. */
    sealedPreviousKeys: p.text().strictNullable(),
    previousPublicKey: p.text().strictNullable(),
    rotatedUntil: p.datetime().strictNullable(),
    /** Since when every try has failed; null after a success. */
    firstFailedAt: p.datetime().strictNullable(),
    lastSuccessAt: p.datetime().strictNullable(),
    /** When a sweep last asked for a job that sends what is due. */
    wokenAt: p.datetime().strictNullable(),
    createdAt: p.datetime(),
  },
})

/** A URL that receives events. */
export class WebhookEndpoint extends WebhookEndpointSchema.class {}
WebhookEndpointSchema.setClass(WebhookEndpoint)

/** A public Ed25519 key as Standard Webhooks 1.0.0 writes it; `x` is base64url of its 32 bytes. */
export const whpkOf = (x: string): string => `whpk_${Buffer.from(x, 'base64url').toString('base64')}`

/** The public keys whose signatures are on what is sent at `now`: base64url, the current one first. */
export const publicKeysOf = (endpoint: WebhookEndpoint, now: Date): readonly string[] => {
  const { publicKey, previousPublicKey, rotatedUntil } = endpoint
  const signsToo = previousPublicKey !== null && rotatedUntil !== null && now < rotatedUntil
  return signsToo ? [publicKey, previousPublicKey] : [publicKey]
}
