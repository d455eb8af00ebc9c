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
 * Sends what is due, in each free place of the endpoint one after the other. Where the endpoint has no more, it returns:
 * who has a place looks for what is due after each delivery. Where the process has no more, the next one that becomes
 * free goes to the endpoint. A sweep finds what is left.
 */
export const sendWebhooks = async (
  call: Call,
  endpointId: string,
  needs: SendWebhooksNeeds,
): Promise<void> => {
  const unfinished = new Set<string>()
  const places: Promise<void>[] = []
  while (needs.webhookPlaces.take(endpointId)) places.push(serve(endpointId, unfinished, needs))
  // Each has settled what it leased before an error of another is thrown.
  const results = await Promise.allSettled(places)
  const rows = [...unfinished].map((id) =>
    needs.outbox.row(call, needs.random.uuid(), { name: 'send-webhooks', payload: { endpointId: id } }),
  )
  await call.write(...rows)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Uses one place: for the endpoint, and then for each that waits. Notes those with more than is sent in one run. */
const serve = async (
  endpointId: string,
  unfinished: Set<string>,
  needs: SendWebhooksNeeds,
): Promise<void> => {
  const failures: unknown[] = []
  for (let served: string | null = endpointId; served !== null; served = needs.webhookPlaces.pass(served))
    try {
      if (await run(served, needs)) unfinished.add(served)
    } catch (error) {
      // The place is passed on first, because it would be lost otherwise.
      failures.push(error)
    }
  if (failures.length > 0) throw failures[0]
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
