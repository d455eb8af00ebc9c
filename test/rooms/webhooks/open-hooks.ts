// What webhooks work with in a test: the rooms of a service, and the jobs run by hand, so that nothing runs beside the test.
import { fanOutWebhooks } from '../../../jobs/fan-out-webhooks.js'
import { type SendWebhooksNeeds, sendWebhooks } from '../../../jobs/send-webhooks.js'
import { WebhookPlaces } from '../../../jobs/webhook-places.js'
import type { AuditedAct } from '../../../src/audit/audit-log.js'
import type { Call } from '../../../src/database/call.js'
import { OutboundHttp } from '../../../src/runtime/outbound-http.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { addEndpoint, type EndpointWithSecret } from '../../../src/webhooks/add-endpoint.js'
import type { RedeliverFailedNeeds } from '../../../src/webhooks/redeliver-failed-since.js'
import type { TestService } from '../../support/start-service.js'
import type { Tables } from '../../support/tables.js'

/** The names of this machine and of what only a test resolves. */
export const addressesOf: Record<string, readonly string[]> = {}

/** The jobs and use cases of webhooks on a service without a worker. */
export class Hooks {
  readonly needs: SendWebhooksNeeds & RedeliverFailedNeeds

  constructor(
    readonly idem: TestService,
    readonly tables: Tables,
  ) {
    this.needs = {
      ...idem.foundation,
      random: systemRandom,
      webhookPlaces: new WebhookPlaces(50),
      outboundHttp: new OutboundHttp({
        networks: ['127.0.0.0/8'],
        resolve: async (host) => addressesOf[host] ?? ['127.0.0.1'],
      }),
    }
  }

  call(): Call {
    return this.idem.foundation.ownCall()
  }

  /** Removes every endpoint, event and job of the test before. */
  async clear(): Promise<void> {
    await this.tables.query('delete from webhook_endpoint')
    await this.tables.query('delete from webhook_event')
    await this.tables.query('delete from outbox_entry')
  }

  async add(url: string, eventTypes: readonly string[] | null = null): Promise<EndpointWithSecret> {
    return await addEndpoint(this.call(), { url, description: null, eventTypes }, this.needs)
  }

  /** Does something to an account that receivers learn of. */
  async act(accountId: string, handle: string): Promise<void> {
    await this.note({ action: 'account.handle_set', accountId, detail: { from: null, to: handle } })
  }

  async note(act: AuditedAct): Promise<void> {
    await this.idem.foundation.auditLog.append(this.call(), act)
  }

  /** Makes deliveries of the new events. */
  async fanOut(): Promise<void> {
    await fanOutWebhooks(this.call(), this.needs)
  }

  /** Sends what is due to an endpoint, as one process does; others have places of their own. */
  async send(endpointId: string, needs: Partial<SendWebhooksNeeds> = {}): Promise<void> {
    await sendWebhooks(this.call(), endpointId, { ...this.needs, ...needs })
  }

  /** Makes the deliveries and sends them. */
  async deliver(endpointId: string): Promise<void> {
    await this.fanOut()
    await this.send(endpointId)
  }

  /** The log of an endpoint, oldest first. */
  async log(endpointId: string) {
    const page = { endpointId, state: null, first: 100, before: null }
    const { deliveries } = await this.needs.webhookDeliveries.list(this.call(), page)
    return deliveries.toReversed()
  }
}
