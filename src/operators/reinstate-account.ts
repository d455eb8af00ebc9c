// Reinstates a suspended account: its owner may sign in again. The sessions that it had stay ended.
import { deletionDueFrom } from '../accounts/deletion.js'
import { announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { AccountRecord } from './account-record.js'
import { readAccount } from './read-account.js'
import type { SuspendAccountNeeds } from './suspend-account.js'

/** Reinstates the account; `CONFLICT` when it is not suspended. */
export const reinstateAccount = async (
  call: Call,
  id: string,
  needs: SuspendAccountNeeds,
): Promise<AccountRecord> => {
  await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lockSurvivor(inner, id)
    if (account.suspendedAt === null) throw new Failure('CONFLICT', 'This account is not suspended.')
    await needs.accounts.changeSuspension(inner, account.id, null)
    // Nobody could cancel it meanwhile.
    if (account.deletionDueAt !== null)
      await needs.accounts.changeDeletion(inner, account.id, deletionDueFrom(call.now))
    const detail = { suspendedAt: account.suspendedAt.toISOString() }
    const act: AuditedAct = { action: 'account.reinstated', accountId: account.id, detail }
    await inner.write(...announceAct(inner, act, needs))
  })
  return await readAccount(call, id, needs)
}
