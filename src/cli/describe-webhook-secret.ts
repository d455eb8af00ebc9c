// The text that shows the secret of an endpoint, once.

import type { WebhookEndpointWithSecret } from '../client/webhooks.js'
import { layOutColumns } from './lay-out-columns.js'

/** What was done, and what the receiver needs to know. */
export const describeWebhookSecret = (
  done: string,
  { endpoint, secret }: WebhookEndpointWithSecret,
): string => {
  const [publicKey = '-'] = endpoint.publicKeys
  const table = layOutColumns([
    ['Endpoint', endpoint.id],
    ['Secret', secret],
    ['Public key', publicKey],
  ])
  return `${done} ${endpoint.url}. The secret is shown this once.\n${table}`
}
