// Releases handles that were never used: given up on the day on which they were taken, or of an account that did
// nothing.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { Handles, ReleasedHandle, ReleaseRule } from './handles.js'

/** What `releaseHandles` works with. */
export interface ReleaseHandlesNeeds {
  readonly handles: Handles
  readonly auditLog: AuditLog
}

/** Releases all handles that the rule allows, in batches of `limit`; returns their number. */
export const releaseHandles = async (
  call: Call,
  rule: ReleaseRule,
  needs: ReleaseHandlesNeeds,
): Promise<number> => {
  let released = 0
  // 1 those that were given up, one batch per transaction
  for (let batch = rule.limit; batch === rule.limit; released += batch)
    batch = await call.inTransaction(async (inner) => {
      const handles = await needs.handles.releaseGivenUp(inner, rule)
      return await audit(inner, { handles, why: 'given up' }, needs)
    })
  // 2 those in use; each is judged once, so the loop ends
  for (let judged = rule.limit; judged === rule.limit; )
    judged = await call.inTransaction(async (inner) => {
      const names = await needs.handles.lockForJudgement(inner, rule)
      const handles = await needs.handles.judge(inner, names, rule)
      released += await audit(inner, { handles, why: 'never used' }, needs)
      return names.length
    })
  return released
}

const audit = async (
  call: Call,
  { handles, why }: { readonly handles: readonly ReleasedHandle[]; readonly why: string },
  { auditLog }: ReleaseHandlesNeeds,
): Promise<number> => {
  const rows = handles.map(({ name, accountId }) =>
    auditLog.row(call, {
      action: 'account.handle_released',
      accountId,
      detail: { handle: name, because: why },
    }),
  )
  if (rows.length > 0) await call.write(...rows)
  return handles.length
}
