// Delivers an event to a webhook endpoint: signs and sends the request, and stores what came of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from '../src/audit/audit-log.js'
import type { Call } from '../src/database/call.js'
import { isDatabaseAway } from '../src/database/storage-errors.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { Metrics } from '../src/runtime/metrics.js'
import { type OutboundAnswer, OutboundError } from '../src/runtime/outbound-call.js'
import type { OutboundHttp } from '../src/runtime/outbound-http.js'
import type { Random } from '../src/runtime/random.js'
import { shownTextOf } from '../src/text/shown-text.js'
import type { KeyRing } from '../src/tokens/key-ring.js'
import { disableEndpoint } from '../src/webhooks/disable-endpoint.js'
import { type EndpointKeys, openEndpointKeys, signedHeaders } from '../src/webhooks/endpoint-keys.js'
import { bodyOf } from '../src/webhooks/event.js'
import { nextAttemptAt } from '../src/webhooks/retry-schedule.js'
import type { LeasedDelivery, TriedDelivery, WebhookDeliveries } from '../src/webhooks/webhook-deliveries.js'
import type { WebhookEndpoints } from '../src/webhooks/webhook-endpoints.js'

/** What `deliverWebhook` works with. */
export interface DeliverWebhookNeeds {
  readonly webhookDeliveries: WebhookDeliveries
  readonly webhookEndpoints: WebhookEndpoints
  readonly outboundHttp: OutboundHttp
  readonly keyRing: KeyRing
  readonly auditLog: AuditLog
  readonly outbox: Outbox
  readonly metrics: Metrics
  readonly random: Random
  /** A call of the process's own, as of now. */
  readonly ownCall: () => Call
}

/** For the whole exchange: Standard Webhooks recommends 15 to 30 s. In milliseconds. */
const deadlineMilliseconds = 15_000
/** How much of an answer is read, in bytes, and kept for the log, in characters. */
const [mostAnswerBytes, mostLoggedCharacters] = [4_096, 500]
/** An endpoint that has answered nothing but failure for this long is disabled, in milliseconds. */
const failingMilliseconds = 5 * 24 * 3_600_000
/** The status by which a receiver says that it wants no more (RFC 9110 15.5.11). */
const gone = 410
/** Wait between two attempts to store a result while the database cannot be reached, in milliseconds. */
const noteMilliseconds = 250

type Leased = LeasedDelivery & { readonly by: string }

/** A try with its answer, or without one. */
interface Tried extends Omit<TriedDelivery, 'id'> {
  readonly retryAfter: string | null
}

/**
 * Sends the leased delivery and stores the result. If the process ends between the two, the lease runs out and the
 * delivery is sent again: the receiver recognises it by its `webhook-id`.
 */
export const deliverWebhook = async (
  call: Call,
  delivery: Leased,
  needs: DeliverWebhookNeeds,
): Promise<void> => {
  const tried = await send(call, delivery, needs)
  const isDelivered = tried.status !== null && tried.status >= 200 && tried.status < 300
  await stored(async () => {
    if (isDelivered)
      await needs.webhookDeliveries.settleDelivered(needs.ownCall(), { ...tried, id: delivery.id })
    else await settleFailed(delivery, tried, needs)
  })
  needs.metrics.webhooks.inc({ result: isDelivered ? 'delivered' : 'failed' })
}

/** The keys that sign now, the current ones first. */
const keysOf = (call: Call, delivery: Leased, keyRing: KeyRing): readonly EndpointKeys[] => {
  const { sealedKeys, sealedPreviousKeys, rotatedUntil } = delivery
  const signsToo = sealedPreviousKeys !== null && rotatedUntil !== null && call.now < rotatedUntil
  const sealed = signsToo ? [sealedKeys, sealedPreviousKeys] : [sealedKeys]
  return sealed.map((each) => openEndpointKeys(keyRing, each)).filter((keys) => keys !== null)
}

const send = async (call: Call, delivery: Leased, needs: DeliverWebhookNeeds): Promise<Tried> => {
  const keys = keysOf(call, delivery, needs.keyRing)
  const startedAt = performance.now()
  const tried = (facts: Pick<Tried, 'status' | 'fault' | 'answer' | 'retryAfter'>): Tried => ({
    ...facts,
    durationMilliseconds: Math.round(performance.now() - startedAt),
  })
  const without = { status: null, answer: null, retryAfter: null }
  if (keys.length === 0)
    return tried({ ...without, fault: 'IDEM_SECRET does not open the keys of the endpoint.' })
  const body = bodyOf(delivery)
  try {
    const {
      status,
      retryAfter,
      body: answer,
    } = await needs.outboundHttp.send({
      url: new URL(delivery.url),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Idem',
        ...signedHeaders({ id: delivery.eventId, at: call.now, body }, keys),
      },
      body,
      mediaType: null,
      mostBytes: mostAnswerBytes,
      whenLonger: 'cut',
      deadlineMilliseconds,
    } as const)
    return tried({ status, fault: null, answer: loggedOf(answer), retryAfter })
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return tried({ ...without, fault: error.message })
  }
}

const loggedOf = (body: OutboundAnswer['body']): string | null =>
  shownTextOf(body.toString('utf8'), mostLoggedCharacters)

/** Stores that it failed, and disables an endpoint that is gone or has failed for days. */
const settleFailed = async (
  delivery: Leased,
  { retryAfter, ...tried }: Tried,
  needs: DeliverWebhookNeeds,
): Promise<void> => {
  const { id, by, attempts: attempt, endpointId, url } = delivery
  const call = needs.ownCall()
  const next = nextAttemptAt({ attempt, at: call.now, retryAfter }, needs.random)
  await call.inTransaction(async (inner) => {
    const firstFailedAt = await needs.webhookDeliveries.settleFailed(inner, {
      ...tried,
      id,
      by,
      nextAttemptAt: next,
    })
    if (firstFailedAt === null) return
    const isFailing = call.now.getTime() - firstFailedAt.getTime() >= failingMilliseconds
    if (tried.status !== gone && !isFailing) return
    const because = tried.status === gone ? 'GONE' : 'FAILING'
    await disableEndpoint(inner, { id: endpointId, url, because }, needs)
  })
}

/** Repeats it until the database can be reached, because the event would otherwise be sent twice. */
const stored = async (store: () => Promise<void>): Promise<void> => {
  for (;;)
    try {
      await store()
      return
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      await sleep(noteMilliseconds)
    }
}
