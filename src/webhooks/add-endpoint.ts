// Adds a webhook endpoint.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { parseShownText } from '../text/shown-text.js'
import type { SealNeeds } from '../tokens/sealed-value.js'
import type { Secret } from '../tokens/secret.js'
import { parseEndpointUrl, parseEventTypes } from './endpoint-input.js'
import { makeEndpointKeys } from './endpoint-keys.js'
import { mostEndpoints, type WebhookEndpoint } from './webhook-endpoint.js'
import type { WebhookEndpoints } from './webhook-endpoints.js'

/** What the use cases of endpoints work with. */
export interface EndpointNeeds extends SealNeeds {
  readonly webhookEndpoints: WebhookEndpoints
  readonly auditLog: AuditLog
}

/** What an operator says of a new endpoint. */
export interface NewEndpoint {
  readonly url: string
  readonly description: string | null
  /** Null for all. */
  readonly eventTypes: readonly string[] | null
}

/** An endpoint with the secret that its receiver verifies with; the secret is shown once. */
export interface EndpointWithSecret {
  readonly endpoint: WebhookEndpoint
  readonly secret: Secret
}

/** Adds it, enabled. `BAD_USER_INPUT` names the field; `CONFLICT` if there are as many as there can be. */
export const addEndpoint = async (
  call: Call,
  input: NewEndpoint,
  needs: EndpointNeeds,
): Promise<EndpointWithSecret> => {
  const { secret, sealedKeys, publicKey } = makeEndpointKeys(needs)
  const endpoint: WebhookEndpoint = {
    id: needs.random.uuid(),
    url: parseEndpointUrl(input.url),
    description: parseShownText(input.description, 'description'),
    eventTypes: parseEventTypes(input.eventTypes),
    isEnabled: true,
    disabledAt: null,
    disabledBecause: null,
    sealedKeys,
    publicKey,
    sealedPreviousKeys: null,
    previousPublicKey: null,
    rotatedUntil: null,
    firstFailedAt: null,
    lastSuccessAt: null,
    wokenAt: null,
    createdAt: call.now,
  }
  const { id: endpointId, eventTypes } = endpoint
  await call.inTransaction(async (inner) => {
    if ((await needs.webhookEndpoints.lockCount(inner)) >= mostEndpoints)
      throw new Failure('CONFLICT', `There can be ${mostEndpoints} webhook endpoints. Remove one first.`)
    const detail = { endpointId, eventTypes }
    const audit = needs.auditLog.row(inner, { action: 'webhook.added', accountId: null, detail })
    await inner.write(needs.webhookEndpoints.row(inner, endpoint), audit)
  })
  return { endpoint, secret }
}
