// Finds the webhook endpoint that a word names.

import type { Transport } from '../client/transport.js'
import { fetchWebhookEndpoints, type WebhookEndpoint } from '../client/webhooks.js'
import { CliError } from './cli-error.js'

/** The endpoint with this id, address or description. `NOT_FOUND` if none has it, or several. */
export const findWebhookEndpoint = async (transport: Transport, word: string): Promise<WebhookEndpoint> => {
  const endpoints = await fetchWebhookEndpoints(transport)
  const [endpoint, ...others] = endpoints.filter(({ id, url, description }) =>
    [id, url, description].includes(word),
  )
  if (endpoint !== undefined && others.length === 0) return endpoint
  throw new CliError(
    'NOT_FOUND',
    endpoint === undefined ? 'There is no such endpoint.' : 'Several endpoints are called so.',
    'Name it by its id: idem webhooks list',
  )
}
