// A webhook delivery: an event on its way to an endpoint, and what the last try of it came to.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { WebhookEndpoint } from './webhook-endpoint.js'
import { WebhookEvent } from './webhook-event.js'

/** `PENDING`: waits for a try. `DELIVERED`: acknowledged. `FAILED`: given up after all tries. */
export type DeliveryState = 'PENDING' | 'DELIVERED' | 'FAILED'

/** Most acknowledgements of a merge that are shown, so that one query can ask for those of all merges that are listed. */
export const mostAcknowledgements = 20

const WebhookDeliverySchema = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_delivery',
  uniques: [{ name: 'webhook_delivery_event_endpoint', properties: ['event', 'endpoint'] }],
  indexes: [
    { name: 'webhook_delivery_log', properties: ['endpoint', 'seq'] },
    {
      name: 'webhook_delivery_due',
      properties: ['endpoint', 'nextAttemptAt', 'seq'],
      where: `state = 'PENDING'`,
    },
    {
      name: 'webhook_delivery_line',
      properties: ['endpoint', 'accountId', 'seq'],
      where: `state = 'PENDING'`,
    },
  ],
  properties: {
    id: p.uuid().primary(),
    endpoint: () => p.manyToOne(WebhookEndpoint).mapToPk().deleteRule('cascade'),
    event: () => p.manyToOne(WebhookEvent).mapToPk().deleteRule('cascade'),
    /** That of the event: of an endpoint and an account, only the pending one with the least is sent. */
    seq: p.bigint('string'),
    accountId: p.uuid(),
    state: p.text().$type<DeliveryState>(),
    /** Tries since it was made, or was asked for again. */
    attempts: p.integer(),
    nextAttemptAt: p.datetime(),
    /** The try to which it is leased, or null. */
    leasedBy: p.uuid().strictNullable(),
    leasedUntil: p.datetime().strictNullable(),
    /** When the receiver first answered with a 2xx. */
    acknowledgedAt: p.datetime().strictNullable(),
    /** When the last try began; with the event's id it makes the headers of that request. */
    attemptedAt: p.datetime().strictNullable(),
    /** The status of the last answer; null if there was none. */
    status: p.integer().strictNullable(),
    /** Why the last try had no answer, in words of ours; null if it had one. */
    fault: p.text().strictNullable(),
    /** The beginning of the last answer's body, cleaned. */
    answer: p.text().strictNullable(),
    durationMilliseconds: p.integer().strictNullable(),
    createdAt: p.datetime(),
  },
})

/** An event on its way to an endpoint. */
export class WebhookDelivery extends WebhookDeliverySchema.class {}
WebhookDeliverySchema.setClass(WebhookDelivery)
