// Picks or changes the handle of an account; the old one stays reserved for it, for ever if it was used.
import type { AuditLog } from '../audit/audit-log.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { Throttle } from '../throttle/throttle.js'
import type { Account } from './account.js'
import type { Accounts } from './accounts.js'
import { parseHandle } from './handle.js'
import type { Handles } from './handles.js'

/** What `setHandle` works with. */
export interface SetHandleNeeds {
  readonly accounts: Accounts
  readonly handles: Handles
  readonly auditLog: AuditLog
  readonly throttle: Throttle
}

/**
 * Gives the caller's account the handle; `CONFLICT` if it is or was another's. Rate-limited, because it shows whether
 * one is taken.
 */
export const setHandle = async (call: Call, raw: string, needs: SetHandleNeeds): Promise<Account> => {
  const { accountId } = requirePrincipal(call.principal)
  const handle = parseHandle(raw)
  // 1 count the attempt
  await needs.throttle.count(call, 'takeHandle', accountId)
  // 2 take the handle; the old one stays reserved
  return await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, accountId)
    if (account.handle === handle) return account
    await needs.handles.assign(inner, account, handle)
    await needs.accounts.changeHandle(inner, accountId, handle)
    await needs.auditLog.append(inner, {
      action: 'account.handle_set',
      accountId,
      detail: { from: account.handle, to: handle },
    })
    return { ...account, handle }
  })
}
