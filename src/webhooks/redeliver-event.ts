// Delivers an event once more, whatever became of the delivery before.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { WebhookDeliveries } from './webhook-deliveries.js'

/** What redelivering works with. */
export interface RedeliverNeeds {
  readonly webhookDeliveries: WebhookDeliveries
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly random: Random
}

/** Makes the delivery with this id due now, with all its tries. `NOT_FOUND` if there is none, `CONFLICT` while it is sent. */
export const redeliverEvent = async (call: Call, id: string, needs: RedeliverNeeds): Promise<void> => {
  await call.inTransaction(async (inner) => {
    await needs.webhookDeliveries.get(inner, id)
    const endpointId = await needs.webhookDeliveries.redeliver(inner, id)
    if (endpointId === null)
      throw new Failure('CONFLICT', 'This delivery is under way. Wait for its result.', {
        reason: 'the delivery is leased',
      })
    await inner.write(
      needs.outbox.row(inner, needs.random.uuid(), { name: 'send-webhooks', payload: { endpointId } }),
      needs.auditLog.row(inner, {
        action: 'webhook.redelivered',
        accountId: null,
        detail: { endpointId, deliveryId: id },
      }),
    )
  })
}
