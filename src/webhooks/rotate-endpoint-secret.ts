// Rotates the keys of a webhook endpoint: for a day the old ones sign too, so that its receiver can change over.
import type { Call } from '../database/call.js'
import type { EndpointNeeds, EndpointWithSecret } from './add-endpoint.js'
import { makeEndpointKeys } from './endpoint-keys.js'

/** How long the old keys sign too, in milliseconds: a working day of any receiver lies in it. */
const overlapMilliseconds = 24 * 3_600_000

/**
 * Gives it a new HMAC secret and a new Ed25519 key. `NOT_FOUND` if there is none. Rotated twice within a day, only the
 * last two pairs sign.
 */
export const rotateEndpointSecret = async (
  call: Call,
  id: string,
  needs: EndpointNeeds,
): Promise<EndpointWithSecret> => {
  const { secret, sealedKeys, publicKey } = makeEndpointKeys(needs)
  const rotatedUntil = new Date(call.now.getTime() + overlapMilliseconds)
  const act = { action: 'webhook.secret_rotated', accountId: null, detail: { endpointId: id } } as const
  const audit = needs.auditLog.row(call, act)
  await needs.webhookEndpoints.rotate(call, { id, sealedKeys, publicKey, rotatedUntil }, audit)
  return { endpoint: await needs.webhookEndpoints.get(call, id), secret }
}
