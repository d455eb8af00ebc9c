// Sends what is due to a webhook endpoint: of each account only the oldest pending delivery, at least once.
import type { Call } from '../src/database/call.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { WebhookDeliveries } from '../src/webhooks/webhook-deliveries.js'
import { type DeliverWebhookNeeds, deliverWebhook } from './deliver-webhook.js'
import type { WebhookPlaces } from './webhook-places.js'

/** What `sendWebhooks` works with. */
export interface SendWebhooksNeeds extends DeliverWebhookNeeds {
  readonly webhookDeliveries: WebhookDeliveries
  readonly outbox: Outbox
  readonly webhookPlaces: WebhookPlaces
  /** A call of the process's own, as of now. */
  readonly ownCall: () => Call
}

/** Longer than a request may take, so that only a process that died loses its lease. In milliseconds. */
const leaseMilliseconds = 60_000
/** Deliveries of one run; after them the endpoint waits in the queue behind others. */
const mostPerRun = 100

/**
 * Sends what is due, in each free place of the endpoint one after the other. Without a free place it returns: who has
 * one looks for what is due after each delivery, and a sweep finds what is left.
 */
export const sendWebhooks = async (
  call: Call,
  endpointId: string,
  needs: SendWebhooksNeeds,
): Promise<void> => {
  const runs: Promise<boolean>[] = []
  while (needs.webhookPlaces.take(endpointId))
    runs.push(run(endpointId, needs).finally(() => needs.webhookPlaces.leave(endpointId)))
  // Each has settled what it leased before an error of another is thrown.
  const results = await Promise.allSettled(runs)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  if (!results.some((result) => result.status === 'fulfilled' && result.value)) return
  const again = { name: 'send-webhooks', payload: { endpointId } } as const
  await call.write(needs.outbox.row(call, needs.random.uuid(), again))
}

/** True if there may be more. */
const run = async (endpointId: string, needs: SendWebhooksNeeds): Promise<boolean> => {
  for (let sent = 0; sent < mostPerRun; sent += 1) {
    if (needs.webhookPlaces.isClosed) return true
    const call = needs.ownCall()
    const by = needs.random.uuid()
    const until = new Date(call.now.getTime() + leaseMilliseconds)
    const delivery = await needs.webhookDeliveries.lease(call, { endpointId, by, until })
    if (delivery === null) return false
    await deliverWebhook(call, { ...delivery, by }, needs)
  }
  return true
}
