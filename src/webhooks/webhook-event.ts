// A webhook event: what became of an account, inserted in the transaction of the change.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { EventType } from './event.js'

const WebhookEventSchema = defineEntity({
  name: 'WebhookEvent',
  tableName: 'webhook_event',
  indexes: [
    { name: 'webhook_event_new', properties: ['seq'], where: 'fanned_out_at is null' },
    { name: 'webhook_event_merge', properties: ['mergeId'], where: 'merge_id is not null' },
    { name: 'webhook_event_at', properties: ['at'] },
    { name: 'webhook_event_account', properties: ['accountId', 'id'] },
  ],
  properties: {
    /** Also the `webhook-id` of every delivery, by which receivers recognise a repetition. */
    id: p.uuid().primary(),
    /** The order of the events of an account. The database counts it. */
    seq: p.bigint('string').autoincrement(),
    accountId: p.uuid(),
    /** The merge that was made or undone; null for other events. */
    mergeId: p.uuid().strictNullable(),
    type: p.text().$type<EventType>(),
    /** Ids and public facts, beside the account's id. */
    payload: p.json<Readonly<Record<string, unknown>>>(),
    at: p.datetime(),
    /** When its deliveries were made. */
    fannedOutAt: p.datetime().strictNullable(),
  },
})

/** What became of an account. */
export class WebhookEvent extends WebhookEventSchema.class {}
WebhookEventSchema.setClass(WebhookEvent)
