// Seals the keys of endpoints anew that older secrets of the installation sealed, so that those can go from the list.
import type { Call } from '../database/call.js'
import { OperatorProblem } from '../failure.js'
import type { SealNeeds } from '../tokens/sealed-value.js'
import { openEndpointKeys, resealEndpointKeys } from './endpoint-keys.js'
import type { WebhookEndpoints } from './webhook-endpoints.js'

/** What `resealEndpoints` works with. */
export interface ResealEndpointsNeeds extends SealNeeds {
  readonly webhookEndpoints: WebhookEndpoints
}

/** Seals all keys by the first secret of the list. Throws `OperatorProblem` if none of the listed ones opens some. */
export const resealEndpoints = async (call: Call, needs: ResealEndpointsNeeds): Promise<void> => {
  for (const { id, sealedKeys, sealedPreviousKeys } of await needs.webhookEndpoints.list(call)) {
    if (openEndpointKeys(needs.keyRing, sealedKeys) === null)
      throw new OperatorProblem(
        `IDEM_SECRET does not open the keys of the webhook endpoint ${id}. They were sealed with another secret: append that one to the list (IDEM_SECRET=new,old).`,
        { kind: 'data' },
      )
    const current = resealEndpointKeys(needs, sealedKeys)
    const previous = sealedPreviousKeys === null ? null : resealEndpointKeys(needs, sealedPreviousKeys)
    if (current === null && previous === null) continue
    await needs.webhookEndpoints.reseal(call, {
      id,
      before: sealedKeys,
      sealedKeys: current ?? sealedKeys,
      sealedPreviousKeys: previous ?? sealedPreviousKeys,
    })
  }
}
