// Whether a handle is free. Handles are public, so anyone may ask; the rate is limited.
import type { Call } from '../database/call.js'
import type { Throttle } from '../throttle/throttle.js'
import type { Accounts } from './accounts.js'
import { parseHandle } from './handle.js'

/** What `checkHandle` works with. */
export interface CheckHandleNeeds {
  readonly accounts: Accounts
  readonly throttle: Throttle
}

/** True if the handle can be picked. `BAD_USER_INPUT` for an invalid handle, `RATE_LIMITED` after too many requests. */
export const checkHandle = async (call: Call, raw: string, needs: CheckHandleNeeds): Promise<boolean> => {
  const handle = parseHandle(raw)
  await needs.throttle.count(call, 'checkHandle', null)
  return (await needs.accounts.findOwnerOfHandle(call, handle)) === null
}
