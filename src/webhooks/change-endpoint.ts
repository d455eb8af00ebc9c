// Changes a webhook endpoint: its URL, its description, the events that it wants, whether it is enabled.
import type { Call } from '../database/call.js'
import { parseShownText } from '../text/shown-text.js'
import type { EndpointNeeds, NewEndpoint } from './add-endpoint.js'
import { parseEndpointUrl, parseEventTypes } from './endpoint-input.js'
import type { WebhookEndpoint } from './webhook-endpoint.js'
import type { EndpointChanges } from './webhook-endpoints.js'

/** The changes; what is absent stays. An endpoint that is enabled again gets what waited for it. */
export type ChangedEndpoint = Partial<NewEndpoint> & { readonly isEnabled?: boolean }

const parse = ({ url, description, eventTypes }: ChangedEndpoint): EndpointChanges => ({
  ...(url === undefined ? {} : { url: parseEndpointUrl(url) }),
  ...(description === undefined ? {} : { description: parseShownText(description, 'description') }),
  ...(eventTypes === undefined ? {} : { eventTypes: parseEventTypes(eventTypes) }),
})

/** Changes the endpoint with this id and returns it. `BAD_USER_INPUT` names the field; `NOT_FOUND` if there is none. */
export const changeEndpoint = async (
  call: Call,
  id: string,
  changed: ChangedEndpoint,
  needs: Pick<EndpointNeeds, 'webhookEndpoints' | 'auditLog'>,
): Promise<WebhookEndpoint> => {
  const changes = parse(changed)
  const { isEnabled } = changed
  return await call.inTransaction(async (inner) => {
    await needs.webhookEndpoints.get(inner, id)
    await needs.webhookEndpoints.describe(inner, id, changes)
    if (isEnabled === true) await needs.webhookEndpoints.enable(inner, id)
    if (isEnabled === false) await needs.webhookEndpoints.disable(inner, { id, because: 'OPERATOR' })
    const fields = Object.keys({ ...changes, ...(isEnabled === undefined ? {} : { isEnabled }) })
    if (fields.length > 0) {
      const detail = { endpointId: id, changed: fields, ...(isEnabled === undefined ? {} : { isEnabled }) }
      await needs.auditLog.append(inner, { action: 'webhook.changed', accountId: null, detail })
    }
    return await needs.webhookEndpoints.get(inner, id)
  })
}
