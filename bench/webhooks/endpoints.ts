// Makes the webhook endpoints of a batch and its events, as the use cases of Idem do, and takes the endpoints away.
import { AuditLog } from '../../src/audit/audit-log.js'
import type { Call } from '../../src/database/call.js'
import { Outbox } from '../../src/outbox/outbox.js'
import { systemRandom } from '../../src/runtime/random.js'
import { KeyRing } from '../../src/tokens/key-ring.js'
import { Secret } from '../../src/tokens/secret.js'
import { addEndpoint } from '../../src/webhooks/add-endpoint.js'
import { removeEndpoint } from '../../src/webhooks/remove-endpoint.js'
import { WebhookEndpoints } from '../../src/webhooks/webhook-endpoints.js'
import { WebhookEvents } from '../../src/webhooks/webhook-events.js'
import type { Tables } from '../tables.js'

/** The secret of the servers that deliver, by which the keys of the endpoints are sealed. */
export const benchSecret = 'webhooks of the benchmark on this machine'

/** The endpoints of a batch. */
export interface BenchEndpoints {
  /** Commits as many events of as many accounts; calls `released` right before that. */
  release(events: number, released: () => void): Promise<void>
  remove(): Promise<void>
}

/** Adds an endpoint for each URL. */
export const addEndpoints = async (
  { database, logger, ownCall }: Tables,
  urls: readonly string[],
): Promise<BenchEndpoints> => {
  const random = systemRandom
  // What other processes change is not followed, so that the events of the batch count as wanted.
  const notifications = { on: () => undefined }
  const webhookEndpoints = new WebhookEndpoints({ database, notifications, logger })
  const keyRing = new KeyRing([new Secret(benchSecret)])
  const quiet = { webhookEndpoints, auditLog: new AuditLog(random), keyRing, random }
  const ids: string[] = []
  for (const url of urls) {
    const input = { url, description: null, eventTypes: null }
    ids.push((await addEndpoint(ownCall(), input, quiet)).endpoint.id)
  }
  const events = new WebhookEvents({ webhookEndpoints: { wants: () => true }, outbox: new Outbox(), random })
  const auditLog = new AuditLog(random, events)
  return {
    release: async (count, released) => {
      await ownCall().inTransaction(async (inner) => {
        for (let event = 0; event < count; event++) await inner.write(rowOf(inner, auditLog))
        released()
      })
    },
    remove: async () => {
      for (const id of ids) await removeEndpoint(ownCall(), id, quiet)
    },
  }
}

const rowOf = (call: Call, auditLog: AuditLog) => {
  const accountId = systemRandom.uuid()
  return auditLog.row(call, { action: 'account.handle_set', accountId, detail: { to: 'bench' } })
}
