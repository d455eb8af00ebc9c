// Exports everything that is held about the caller's account, one page at a time.
import type { AuditLog } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { formatExportPlace, parseExportPlace } from './export-place.js'
import { type Exports, exportStart } from './exports.js'

/** What `exportAccount` works with. */
export interface ExportAccountNeeds {
  readonly exports: Exports
  readonly auditLog: AuditLog
}

/**
 * A page of what is held about the caller's account: every section as a list, and in `next` where the next page begins,
 * null after the last. No secret is in it, and nothing from which one can be computed. The first page is audited.
 * `BAD_USER_INPUT` for an `after` that is not the `next` of a page.
 */
export const exportAccount = async (
  call: Call,
  after: string | null,
  needs: ExportAccountNeeds,
): Promise<Readonly<Record<string, unknown>>> => {
  const { accountId } = requireSession(call.principal)
  const place = after === null ? exportStart : parseExportPlace(after)
  if (after === null) await needs.auditLog.append(call, { action: 'account.exported', accountId })
  const { entries, next } = await needs.exports.read(call, accountId, place)
  return {
    accountId,
    exportedAt: call.now.toISOString(),
    ...Object.fromEntries(entries),
    next: next === null ? null : formatExportPlace(next),
  }
}
