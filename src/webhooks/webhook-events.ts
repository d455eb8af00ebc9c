// The store of webhook events: their rows go beside the audit entry of the act, so that no use case can forget them.
import type { ActWitness, AuditedAct } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { FromChange, Row } from '../database/row.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import { type EventFacts, eventsOf, isTold } from './event.js'
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

/** An event before it has an id. */
interface NewEvent extends EventFacts {
  readonly accountId: string | FromChange
  readonly mergeId: string | null
}

/** The events of the installation. */
export class WebhookEvents implements ActWitness {
  constructor(private readonly options: WebhookEventsOptions) {}

  /**
   * The rows of an act: its events and the job that makes their deliveries; none while no enabled endpoint wants them.
   */
  rowsBeside(call: Call, act: AuditedAct, sessionId: string | null): readonly Row[] {
    if (!isTold(act.action) || act.accountId === null) return []
    const { accountId, detail = {} } = act
    const { mergeId } = detail
    return this.#rows(
      call,
      eventsOf(act, sessionId).map((facts) => ({
        ...facts,
        accountId,
        mergeId: typeof mergeId === 'string' ? mergeId : null,
      })),
    )
  }

  /** The same for accounts that are deleted together, which have no audit entry each. */
  deletedRows(call: Call, accountIds: readonly string[]): readonly Row[] {
    return this.#rows(
      call,
      accountIds.map((accountId) => ({
        type: 'account.deleted',
        payload: { ids: [accountId] },
        accountId,
        mergeId: null,
      })),
    )
  }

  #rows(call: Call, events: readonly NewEvent[]): readonly Row[] {
    const { webhookEndpoints, outbox, random } = this.options
    const rows = events
      .filter(({ type }) => webhookEndpoints.wants(type))
      .map((event): Row => {
        const values = { ...event, id: random.uuid(), at: call.now, fannedOutAt: null }
        return { entity: WebhookEvent, values, refusals: {} }
      })
    if (rows.length === 0) return []
    return [...rows, outbox.row(call, random.uuid(), { name: 'fan-out-webhooks', payload: {} })]
  }

  /** Deletes at most `limit` events from before `before`, with their deliveries; returns their number. */
  async purge(call: Call, before: Date, limit: number): Promise<number> {
    return (await call.run(purge, [before, limit, call.now])).length
  }
}
