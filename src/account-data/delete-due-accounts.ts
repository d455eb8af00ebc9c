// Deletes the accounts that are due: of their owners stay the rows of the accounts, handles, and what the audit log keeps.
import type { Accounts } from '../accounts/accounts.js'
import type { Handles } from '../accounts/handles.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { locales } from '../mail/locale.js'
import type { Mails } from '../mail/mails.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Random } from '../runtime/random.js'
import type { DueAccount, DueAccounts } from './due-accounts.js'

/** What `deleteDueAccounts` works with. */
export interface DeleteDueAccountsNeeds {
  readonly dueAccounts: DueAccounts
  readonly accounts: Accounts
  readonly handles: Handles
  readonly auditLog: AuditLog
  readonly mails: Mails
  readonly outbox: Outbox
  readonly random: Random
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * Deletes at most `limit` accounts that were due before `before`, each with the accounts that were merged into it and in
 * a transaction of its own; returns how many were due. One that fails is logged and keeps the others from nothing: the
 * last error is thrown at the end, so that the job is tried again.
 */
export const deleteDueAccounts = async (
  call: Call,
  { before, limit }: { readonly before: Date; readonly limit: number },
  needs: DeleteDueAccountsNeeds,
): Promise<number> => {
  const due = await needs.dueAccounts.list(call, before, limit)
  let failure: unknown = null
  for (const id of due)
    try {
      await deleteDueAccount(call, { id, before }, needs)
    } catch (error) {
      needs.logger.error({ err: error, accountId: id }, 'an account that is due could not be deleted')
      failure = error
    }
  if (failure !== null) throw failure
  return due.length
}

const deleteDueAccount = async (
  call: Call,
  { id, before }: { readonly id: string; readonly before: Date },
  needs: DeleteDueAccountsNeeds,
): Promise<void> => {
  const endedSessions = await call.inLongTransaction(async (inner) => {
    // 1 lock it, and those merged into it; its owner may just have cancelled
    const account = await needs.dueAccounts.lock(inner, id, before)
    if (account === null) return 0
    // 2 remove what belongs to them, and the personal part of what stays
    const removed = await needs.dueAccounts.remove(inner, account)
    await needs.handles.giveUpAll(inner, account.ids)
    await needs.accounts.entomb(inner, account.ids)
    // 3 say that it is done: in the log, and to the addresses that it had until now
    await inner.write(...rowsOf(inner, { account, endedSessions: removed.liveSessions }, needs))
    return removed.liveSessions
  })
  needs.metrics.sessionsEnded.inc({ cause: 'deleted' }, endedSessions)
}

/** The mails are written here, because a job would find no address any more. */
const rowsOf = (
  call: Call,
  { account, endedSessions }: { readonly account: DueAccount; readonly endedSessions: number },
  { auditLog, mails, outbox, random }: DeleteDueAccountsNeeds,
): Row[] => {
  const [entryId, { id, ids }] = [random.uuid(), account]
  const detail = { ids, endedSessions, locale: account.locale ?? locales[0] }
  const entry = auditLog.row(call, { id: entryId, action: 'account.deleted', accountId: id, detail })
  const notices = account.addresses.flatMap((address) => {
    const mailId = random.uuid()
    return [
      mails.row(call, { id: mailId, kind: 'notice', causeId: entryId, address }),
      outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
    ]
  })
  return [entry, ...notices]
}
