// Tells whether a handle is free: handles are public names, so this may be asked by anyone, but not endlessly.
import type { Call } from '../database/call.js'
import type { Throttle } from '../throttle/throttle.js'
import type { Accounts } from './accounts.js'
import { parseHandle } from './handle.js'

/** What `checkHandle` works with. */
export interface CheckHandleNeeds {
  readonly accounts: Accounts
  readonly throttle: Throttle
}

/** True when the handle may be picked. `BAD_USER_INPUT` when it never may, `RATE_LIMITED` when asked too often. */
export const checkHandle = async (call: Call, raw: string, needs: CheckHandleNeeds): Promise<boolean> => {
  const handle = parseHandle(raw)
  await needs.throttle.count(call, 'checkHandle', null)
  return (await needs.accounts.findOwnerOfHandle(call, handle)) === null
}
