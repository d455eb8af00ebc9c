// Makes the deliveries of new webhook events, one for each endpoint that wants the event, and asks for their sending.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { Random } from '../src/runtime/random.js'
import type { WebhookDeliveries } from '../src/webhooks/webhook-deliveries.js'

/** What `fanOutWebhooks` works with. */
export interface FanOutWebhooksNeeds {
  readonly webhookDeliveries: WebhookDeliveries
  readonly outbox: Outbox
  readonly random: Random
}

/** Makes the deliveries of all new events in batches; a repeated job finds none. */
export const fanOutWebhooks = async (call: Call, needs: FanOutWebhooksNeeds): Promise<void> => {
  for (let isAll = false; !isAll; )
    isAll = await call.inTransaction(async (inner) => {
      const made = await needs.webhookDeliveries.fanOut(inner)
      const rows = made.endpoints.map((endpointId) =>
        needs.outbox.row(inner, needs.random.uuid(), { name: 'send-webhooks', payload: { endpointId } }),
      )
      await inner.write(...rows)
      return made.isAll
    })
}
