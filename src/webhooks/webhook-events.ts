// The store of webhook events: their rows go beside the audit entry of the act, so that no use case can forget them.
import type { ActWitness, AuditedAct } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import { eventsOf, isTold } from './event.js'
import type { WebhookEndpoints } from './webhook-endpoints.js'
import { WebhookEvent } from './webhook-event.js'

/** What `WebhookEvents` needs. */
export interface WebhookEventsOptions {
  readonly webhookEndpoints: Pick<WebhookEndpoints, 'wants'>
  readonly outbox: Outbox
  readonly random: Random
}

/** Deliveries go with their events; one that is being sent keeps its event. */
const purge = {
  name: 'idem_webhook_purge',
  text: `delete from webhook_event where id in (
      select id from webhook_event e where at < $1::timestamptz and fanned_out_at is not null
        and not exists (select 1 from webhook_delivery d where d.event_id = e.id and d.leased_until > $3::timestamptz)
      limit $2 for update skip locked) returning id`,
}

/** The events of the installation. */
export class WebhookEvents implements ActWitness {
  constructor(private readonly options: WebhookEventsOptions) {}

  /**
   * The rows of an act: its events and the job that makes their deliveries; none while no enabled endpoint wants them.
   */
  rowsBeside(call: Call, act: AuditedAct, sessionId: string | null): readonly Row[] {
    if (!isTold(act.action) || act.accountId === null) return []
    const { webhookEndpoints, outbox, random } = this.options
    const { accountId, detail = {} } = act
    const events = eventsOf(act, sessionId).filter(({ type }) => webhookEndpoints.wants(type))
    if (events.length === 0) return []
    const { mergeId } = detail
    const rows = events.map(
      ({ type, payload }): Row => ({
        entity: WebhookEvent,
        values: {
          id: random.uuid(),
          accountId,
          mergeId: typeof mergeId === 'string' ? mergeId : null,
          type,
          payload,
          at: call.now,
          fannedOutAt: null,
        },
        refusals: {},
      }),
    )
    return [...rows, outbox.row(call, random.uuid(), { name: 'fan-out-webhooks', payload: {} })]
  }

  /** Deletes at most `limit` events from before `before`, with their deliveries; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return (await call.run(purge, [before, limit, call.now])).length
  }
}
