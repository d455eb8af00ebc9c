// Cancels the deletion of the caller's account.
import type { Account } from '../accounts/account.js'
import { announceAct } from '../audit/announce-act.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { DeleteAccountNeeds } from './delete-account.js'

/**
 * Keeps the caller's account, as long as it exists: also after the moment at which it was due. Every session of it may,
 * because keeping it loses nothing. `CONFLICT` if no deletion has begun.
 */
export const cancelAccountDeletion = async (call: Call, needs: DeleteAccountNeeds): Promise<Account> => {
  const { accountId, sessionId } = requireSession(call.principal)
  return await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    if (account.deletionDueAt === null)
      throw new Failure('CONFLICT', 'No deletion of this account has begun.', {
        reason: `account ${accountId} is not due`,
      })
    await needs.accounts.changeDeletion(inner, accountId, null)
    const detail = { dueAt: account.deletionDueAt.toISOString() }
    await inner.write(
      ...announceAct(inner, { action: 'account.deletion_cancelled', accountId, detail }, needs),
    )
    return { ...account, deletionDueAt: null }
  })
}
