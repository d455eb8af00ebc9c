// Disables a webhook endpoint by itself: it is gone, or has failed for days. The operators are told by mail.

import { announceAct } from '../audit/announce-act.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { DisabledBecause } from './webhook-endpoint.js'
import type { WebhookEndpoints } from './webhook-endpoints.js'

/** What `disableEndpoint` works with. */
export interface DisableEndpointNeeds {
  readonly webhookEndpoints: WebhookEndpoints
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly random: Random
}

/** An endpoint, and why it is disabled. */
export interface DisabledEndpoint {
  readonly id: string
  readonly url: string
  readonly because: Exclude<DisabledBecause, 'OPERATOR'>
}

/** Disables it unless it is disabled. What waits for it stays, and is sent once it is enabled again. */
export const disableEndpoint = async (
  call: Call,
  { id, url, because }: DisabledEndpoint,
  needs: DisableEndpointNeeds,
): Promise<void> => {
  // Its path may hold a secret of the receiver.
  const detail = { endpointId: id, endpoint: new URL(url).host, because }
  const act = { action: 'webhook.disabled', accountId: null, detail } as const
  await needs.webhookEndpoints.disable(call, { id, because }, ...announceAct(call, act, needs))
}
