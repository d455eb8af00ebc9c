// Removes a webhook endpoint, with its deliveries and their log.
import type { Call } from '../database/call.js'
import type { EndpointNeeds } from './add-endpoint.js'

/** Removes it; `NOT_FOUND` if there is none. A try that is under way ends by itself and leaves no trace. */
export const removeEndpoint = async (
  call: Call,
  id: string,
  needs: Pick<EndpointNeeds, 'webhookEndpoints' | 'auditLog'>,
): Promise<void> => {
  const act = { action: 'webhook.removed', accountId: null, detail: { endpointId: id } } as const
  await needs.webhookEndpoints.remove(call, id, needs.auditLog.row(call, act))
}
