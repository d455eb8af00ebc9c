// Delivers once more what an endpoint did not take since a time, for example after a long outage of it.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { RedeliverNeeds } from './redeliver-event.js'
import type { WebhookEndpoints } from './webhook-endpoints.js'

/** How far back, in days: events are kept for longer than that. */
const redeliverableDays = 14
const dayMilliseconds = 24 * 3_600_000

/** What `redeliverFailedSince` works with. */
export interface RedeliverFailedNeeds extends RedeliverNeeds {
  readonly webhookEndpoints: WebhookEndpoints
}

/**
 * Makes all deliveries due now that were made since `since` (null: as far back as can be) and were given up, or wait
 * for another try; returns their number. `NOT_FOUND` if there is no such endpoint, `BAD_USER_INPUT` for a time that is
 * too long ago.
 */
export const redeliverFailedSince = async (
  call: Call,
  asked: { readonly endpointId: string; readonly since: Date | null },
  needs: RedeliverFailedNeeds,
): Promise<number> => {
  const { endpointId } = asked
  const farthest = new Date(call.now.getTime() - redeliverableDays * dayMilliseconds)
  const since = asked.since ?? farthest
  if (!(since.getTime() >= farthest.getTime()))
    throw new Failure('BAD_USER_INPUT', `since must be within the last ${redeliverableDays} days.`, {
      field: 'since',
    })
  return await call.inTransaction(async (inner) => {
    await needs.webhookEndpoints.get(inner, endpointId)
    const count = await needs.webhookDeliveries.redeliverFailed(inner, endpointId, since)
    const detail = { endpointId, since: since.toISOString(), count }
    await inner.write(
      needs.outbox.row(inner, needs.random.uuid(), { name: 'send-webhooks', payload: { endpointId } }),
      needs.auditLog.row(inner, { action: 'webhook.redelivered', accountId: null, detail }),
    )
    return count
  })
}
