// The store of webhook deliveries: made from events, leased to one try at a time, settled, and asked for again.
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { EventType } from './event.js'
import { type DeliveryState, mostAcknowledgements, type WebhookDelivery } from './webhook-delivery.js'
import type { WebhookEndpoint } from './webhook-endpoint.js'

/** Events of one statement. */
const mostEvents = 500

/**
 * Makes the deliveries of new events. Their rows are locked in the order of the events and waited for, not skipped:
 * whoever came later could otherwise make, and send, the delivery of the later event of an account first. A delivery
 * whose account's line waits for a try joins that wait.
 */
const fanOut = {
  name: 'idem_webhook_fan_out',
  text: `with fresh as (
      select id, seq, account_id, type from webhook_event where fanned_out_at is null
      order by seq limit $2::int for update),
    fanned as (update webhook_event e set fanned_out_at = $1::timestamptz from fresh where e.id = fresh.id),
    made as (
      insert into webhook_delivery (id, endpoint_id, event_id, seq, account_id, state, attempts,
        next_attempt_at, created_at)
      select gen_random_uuid(), p.id, fresh.id, fresh.seq, fresh.account_id, 'PENDING', 0,
        coalesce((select max(w.next_attempt_at) from webhook_delivery w where w.endpoint_id = p.id
          and w.account_id = fresh.account_id and w.state = 'PENDING'), $1::timestamptz), $1::timestamptz
      from fresh join webhook_endpoint p
        on p.is_enabled and (p.event_types is null or fresh.type = any(p.event_types))
      on conflict do nothing returning endpoint_id)
    select (select count(*)::int from fresh) as events, array(select distinct endpoint_id from made) as endpoints`,
}

/** The oldest pending delivery of each account counts, whether it is leased or waits: the others stay behind it. */
const lease = {
  name: 'idem_webhook_lease',
  text: `update webhook_delivery d set leased_by = $2::uuid, leased_until = $3::timestamptz,
      attempts = d.attempts + 1, attempted_at = $4::timestamptz
    from webhook_endpoint p, webhook_event e
    where p.id = $1::uuid and p.is_enabled and e.id = d.event_id and d.id = (
      select x.id from webhook_delivery x
      where x.endpoint_id = $1::uuid and x.state = 'PENDING' and x.next_attempt_at <= $4::timestamptz
        and (x.leased_until is null or x.leased_until <= $4::timestamptz)
        and not exists (select 1 from webhook_delivery o where o.endpoint_id = $1::uuid
          and o.account_id = x.account_id and o.state = 'PENDING' and o.seq < x.seq)
      order by x.next_attempt_at, x.seq limit 1 for update of x skip locked)
    returning d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.account_id as "accountId", d.attempts,
      e.type, e.payload, e.at, p.url, p.sealed_keys as "sealedKeys",
      p.sealed_previous_keys as "sealedPreviousKeys", p.rotated_until as "rotatedUntil"`,
}

/** An acknowledgement counts even if the lease has passed to another try. */
const settleDelivered = {
  name: 'idem_webhook_delivered',
  text: `with settled as (
      update webhook_delivery set state = 'DELIVERED', acknowledged_at = coalesce(acknowledged_at, $2::timestamptz),
        leased_by = null, leased_until = null, status = $3::int, fault = null, answer = $4,
        duration_milliseconds = $5::int
      where id = $1::uuid and state = 'PENDING' returning endpoint_id)
    update webhook_endpoint p set last_success_at = $2::timestamptz, first_failed_at = null from settled
    where p.id = settled.endpoint_id and (p.first_failed_at is not null or p.last_success_at is null
      or p.last_success_at < $2::timestamptz - interval '10 seconds')`,
}

/** The whole line of the account waits with its oldest, so that a look for what is due passes over it. */
const settleFailed = {
  name: 'idem_webhook_failed',
  text: `with settled as (
      update webhook_delivery set state = case when $3::timestamptz is null then 'FAILED' else 'PENDING' end,
        next_attempt_at = coalesce($3::timestamptz, next_attempt_at), leased_by = null, leased_until = null,
        status = $5::int, fault = $6, answer = $7, duration_milliseconds = $8::int
      where id = $1::uuid and leased_by = $2::uuid and state = 'PENDING'
      returning id, endpoint_id, account_id),
    line as (
      update webhook_delivery w set next_attempt_at = $3::timestamptz from settled
      where w.endpoint_id = settled.endpoint_id and w.account_id = settled.account_id and w.state = 'PENDING'
        and w.id <> settled.id and w.next_attempt_at < $3::timestamptz)
    update webhook_endpoint p set first_failed_at = coalesce(p.first_failed_at, $4::timestamptz) from settled
    where p.id = settled.endpoint_id returning p.first_failed_at as "firstFailedAt"`,
}

const columns = `d.id, d.endpoint_id as endpoint, d.event_id as event, d.seq, d.account_id as "accountId", d.state,
  d.attempts, d.next_attempt_at as "nextAttemptAt", d.leased_by as "leasedBy", d.leased_until as "leasedUntil",
  d.acknowledged_at as "acknowledgedAt", d.attempted_at as "attemptedAt", d.status, d.fault, d.answer,
  d.duration_milliseconds as "durationMilliseconds", d.created_at as "createdAt", e.type, e.payload, e.at`

const list = {
  name: 'idem_webhook_deliveries',
  text: `select ${columns} from webhook_delivery d join webhook_event e on e.id = d.event_id
    where d.endpoint_id = $1::uuid and ($2::text is null or d.state = $2) and ($3::bigint is null or d.seq < $3)
    order by d.seq desc limit $4::int`,
}

const find = {
  name: 'idem_webhook_delivery',
  text: `select ${columns} from webhook_delivery d join webhook_event e on e.id = d.event_id where d.id = $1::uuid`,
}

const again = `state = 'PENDING', attempts = 0, next_attempt_at = $2::timestamptz, leased_by = null,
  leased_until = null`

/** The line of the account goes with it: it would otherwise wait for a time at which nothing is due. */
const redeliver = {
  name: 'idem_webhook_redeliver',
  text: `with asked as (
      update webhook_delivery set ${again} where id = $1::uuid and (leased_until is null or leased_until <= $2)
      returning id, endpoint_id, account_id),
    line as (
      update webhook_delivery w set next_attempt_at = $2::timestamptz from asked
      where w.endpoint_id = asked.endpoint_id and w.account_id = asked.account_id and w.state = 'PENDING'
        and w.id <> asked.id and w.next_attempt_at > $2::timestamptz)
    select endpoint_id as "endpointId" from asked`,
}

const redeliverFailed = {
  name: 'idem_webhook_redeliver_failed',
  text: `update webhook_delivery set ${again}
    where endpoint_id = $1::uuid and created_at >= $3::timestamptz
      and (leased_until is null or leased_until <= $2::timestamptz)
      and (state = 'FAILED' or (state = 'PENDING' and next_attempt_at > $2::timestamptz))
    returning id`,
}

const acknowledgements = {
  name: 'idem_webhook_acknowledgements',
  text: `select "mergeId", "eventId", type, "endpointId", url, description, "acknowledgedAt" from (
      select e.merge_id as "mergeId", e.id as "eventId", e.type, d.endpoint_id as "endpointId", p.url,
        p.description, d.acknowledged_at as "acknowledgedAt", e.seq,
        row_number() over (partition by e.merge_id order by e.seq, d.endpoint_id) as place
      from webhook_event e join webhook_delivery d on d.event_id = e.id
        join webhook_endpoint p on p.id = d.endpoint_id
      where e.merge_id = any($1::uuid[])) told
    where place <= ${mostAcknowledgements} order by seq, "endpointId"`,
}

/** What a fan-out made. */
export interface FannedOut {
  /** The number of events; there may be more if it is that of `mostEvents`. */
  readonly events: number
  /** The endpoints that have a delivery more. */
  readonly endpoints: readonly string[]
  readonly isAll: boolean
}

/** A delivery that is leased to one try, with all that the try needs. */
export interface LeasedDelivery
  extends Pick<WebhookDelivery, 'id' | 'accountId' | 'attempts'>,
    Pick<WebhookEndpoint, 'url' | 'sealedKeys' | 'sealedPreviousKeys' | 'rotatedUntil'> {
  readonly endpointId: string
  readonly eventId: string
  readonly type: EventType
  readonly payload: Readonly<Record<string, unknown>>
  readonly at: Date
}

/** A delivery with its event, for the log. */
export interface LoggedDelivery extends WebhookDelivery {
  readonly type: EventType
  readonly payload: Readonly<Record<string, unknown>>
  readonly at: Date
}

/** What a try came to. */
export interface TriedDelivery {
  readonly id: string
  /** The status of the answer; null without one. */
  readonly status: number | null
  /** Why there was none. */
  readonly fault: string | null
  /** The beginning of the answer's body; null for none. */
  readonly answer: string | null
  readonly durationMilliseconds: number
}

/** A page of the log, newest first. */
export interface DeliveryPage {
  readonly endpointId: string
  /** Null for all. */
  readonly state: DeliveryState | null
  readonly first: number
  /** The `seq` of the last one of the page before; null for the first page. */
  readonly before: string | null
}

/** Whether an endpoint has acknowledged an event of a merge. */
export interface Acknowledgement {
  readonly mergeId: string
  readonly eventId: string
  readonly type: EventType
  readonly endpointId: string
  readonly url: string
  readonly description: string | null
  /** Null while it has not. */
  readonly acknowledgedAt: Date | null
}

/** The deliveries of the installation. */
export class WebhookDeliveries {
  /** Makes the deliveries of the oldest new events, in the caller's transaction. Repeated, it makes none again. */
  async fanOut(call: Call): Promise<FannedOut> {
    const [row] = await call.run<Omit<FannedOut, 'isAll'>>(fanOut, [call.now, mostEvents])
    const { events = 0, endpoints = [] } = row ?? {}
    return { events, endpoints, isAll: events < mostEvents }
  }

  /** Leases the delivery of an endpoint that is due longest to one try; null if none is, or all are leased. */
  async lease(
    call: Call,
    asked: { readonly endpointId: string; readonly by: string; readonly until: Date },
  ): Promise<LeasedDelivery | null> {
    const values = [asked.endpointId, asked.by, asked.until, call.now]
    return (await call.run<LeasedDelivery>(lease, values))[0] ?? null
  }

  /** Stores that the receiver has acknowledged. */
  async settleDelivered(call: Call, tried: TriedDelivery): Promise<void> {
    const { id, status, answer, durationMilliseconds } = tried
    await call.run(settleDelivered, [id, call.now, status, answer, durationMilliseconds])
  }

  /**
   * Stores that a try failed; without `nextAttemptAt` the delivery is given up. Returns since when all tries of its
   * endpoint failed; null if the lease has passed to another try, or the endpoint is gone.
   */
  async settleFailed(
    call: Call,
    tried: TriedDelivery & { readonly by: string; readonly nextAttemptAt: Date | null },
  ): Promise<Date | null> {
    const { id, by, nextAttemptAt, status, fault, answer, durationMilliseconds } = tried
    const values = [id, by, nextAttemptAt, call.now, status, fault, answer, durationMilliseconds]
    const [row] = await call.run<{ firstFailedAt: Date }>(settleFailed, values)
    return row?.firstFailedAt ?? null
  }

  /** The log of an endpoint. */
  async list(
    call: Call,
    page: DeliveryPage,
  ): Promise<{ readonly deliveries: readonly LoggedDelivery[]; readonly hasNextPage: boolean }> {
    const values = [page.endpointId, page.state, page.before, page.first + 1]
    const rows = await call.run<LoggedDelivery>(list, values)
    return { deliveries: rows.slice(0, page.first), hasNextPage: rows.length > page.first }
  }

  /** The delivery with this id; `NOT_FOUND` if there is none. */
  async get(call: Call, id: string): Promise<LoggedDelivery> {
    const [row] = await call.run<LoggedDelivery>(find, [id])
    if (row === undefined)
      throw new Failure('NOT_FOUND', 'No such delivery.', { reason: 'no delivery with this id' })
    return row
  }

  /** Makes a delivery wait for a try now; returns the id of its endpoint, null if it is under way. */
  async redeliver(call: Call, id: string): Promise<string | null> {
    return (await call.run<{ endpointId: string }>(redeliver, [id, call.now]))[0]?.endpointId ?? null
  }

  /** The same for all of an endpoint that failed and were made since `since`; returns their number. */
  async redeliverFailed(call: Call, endpointId: string, since: Date): Promise<number> {
    return (await call.run(redeliverFailed, [endpointId, call.now, since])).length
  }

  /** Which endpoints were told of these merges and their undoing, and which have acknowledged: the first of each merge. */
  async acknowledgementsOf(call: Call, mergeIds: readonly string[]): Promise<Acknowledgement[]> {
    return mergeIds.length === 0 ? [] : await call.run<Acknowledgement>(acknowledgements, [mergeIds])
  }
}
