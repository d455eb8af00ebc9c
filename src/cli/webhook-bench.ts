// The test bench of webhooks: verifies what arrives, prints a line each, and passes it on.

import type { WebhookEndpointWithSecret } from '../client/webhooks.js'
import { forwardDelivery } from './forward-delivery.js'
import type { Connection } from './invocation.js'
import { verifyDelivery } from './verify-delivery.js'
import type { ReceivedRequest, ReceiverAnswer } from './webhook-receiver.js'

/** How a bench works. */
export interface BenchOptions {
  readonly connection: Pick<Connection, 'machine' | 'output'>
  /** Where genuine deliveries are passed on; null: nowhere, and they are acknowledged. */
  readonly forwardTo: string | null
  /** Ends after so many deliveries; null: never. */
  readonly most: number | null
}

/** What a bench counted. */
export interface BenchCounts {
  readonly received: number
  readonly verified: number
  /** Deliveries that were answered with 2xx. */
  readonly acknowledged: number
}

/** As much of a payload as a line shows. */
interface Payload {
  readonly type?: unknown
}

/** A bench, which verifies with the keys of its endpoint. */
export class WebhookBench {
  readonly #endpoint = Promise.withResolvers<WebhookEndpointWithSecret>()
  readonly #full = Promise.withResolvers<void>()
  #counts: BenchCounts = { received: 0, verified: 0, acknowledged: 0 }

  constructor(private readonly options: BenchOptions) {}

  /** The endpoint, once it is known. Deliveries that arrive before wait for it. */
  know(endpoint: WebhookEndpointWithSecret): void {
    this.#endpoint.resolve(endpoint)
  }

  get counts(): BenchCounts {
    return this.#counts
  }

  /** Resolves once there were enough deliveries, or after the signal. */
  async ended(interrupted: AbortSignal): Promise<void> {
    if (interrupted.aborted) return
    interrupted.addEventListener('abort', () => this.#full.resolve(), { once: true })
    await this.#full.promise
  }

  /** Handles one delivery. One that is not genuine is answered with 400 and not passed on. */
  readonly take = async (request: ReceivedRequest): Promise<ReceiverAnswer> => {
    const { endpoint, secret } = await this.#endpoint.promise
    const { schemes, failure } = verifyDelivery({ secret, publicKeys: endpoint.publicKeys }, request)
    const answer = failure === null ? await this.#passOn(request) : { ...refused, failure }
    const isAcknowledged = answer.status >= 200 && answer.status < 300
    this.#count({ isGenuine: failure === null, isAcknowledged })
    const { headers, body } = request
    const payload = parsed(body)
    const eventId = String(headers['webhook-id'] ?? '-')
    const { status } = answer
    const document = { eventId, verified: schemes, status, failure: answer.failure, payload }
    const type = String(payload?.type ?? '-')
    this.options.connection.output.event(
      { delivery: document },
      `${type}  ${eventId}  ${inWords(schemes)}  ${this.#whither()}${status}${answer.failure === null ? '' : ` (${answer.failure})`}`,
    )
    const { most } = this.options
    if (most !== null && this.#counts.received >= most) this.#full.resolve()
    return answer
  }

  async #passOn(request: ReceivedRequest): Promise<ReceiverAnswer & { failure: string | null }> {
    const { forwardTo, connection } = this.options
    if (forwardTo === null) return { status: 204, retryAfter: null, failure: null }
    return await forwardDelivery(connection.machine, request, forwardTo)
  }

  #whither(): string {
    const { forwardTo } = this.options
    return forwardTo === null ? 'answered ' : `${forwardTo} answered `
  }

  #count({ isGenuine, isAcknowledged }: { isGenuine: boolean; isAcknowledged: boolean }): void {
    const { received, verified, acknowledged } = this.#counts
    this.#counts = {
      received: received + 1,
      verified: verified + (isGenuine ? 1 : 0),
      acknowledged: acknowledged + (isAcknowledged ? 1 : 0),
    }
  }
}

const refused = { status: 400, retryAfter: null }

const inWords = (schemes: readonly string[]): string =>
  schemes.length === 0 ? 'NOT VERIFIED' : `verified ${schemes.join(' ')}`

const parsed = (body: string): Payload | null => {
  try {
    return JSON.parse(body) as Payload | null
  } catch {
    return null
  }
}
