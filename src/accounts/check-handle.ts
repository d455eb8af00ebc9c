// Whether a handle is free. Handles are public, so anyone may ask; the rate is limited.
import type { Call } from '../database/call.js'
import type { Throttle } from '../throttle/throttle.js'
import { parseHandle } from './handle.js'
import type { Handles } from './handles.js'

/** What `checkHandle` works with. */
export interface CheckHandleNeeds {
  readonly handles: Handles
  readonly throttle: Throttle
}

/** True if the handle can be picked. `BAD_USER_INPUT` for an invalid handle, `RATE_LIMITED` after too many requests. */
export const checkHandle = async (call: Call, raw: string, needs: CheckHandleNeeds): Promise<boolean> => {
  const handle = parseHandle(raw)
  await needs.throttle.count(call, 'askHandle', null)
  return (await needs.handles.findOwner(call, handle)) === null
}
