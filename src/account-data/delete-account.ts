// Begins the deletion of the caller's account, which its owner can cancel for 14 days.
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { deletionDueFrom } from '../accounts/deletion.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `deleteAccount` works with. */
export interface DeleteAccountNeeds extends AnnounceActNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
}

/** A deletion that has begun. */
export interface AccountDeletion {
  readonly account: Account
  /** From when on the account may be deleted. */
  readonly dueAt: Date
}

/**
 * Begins the deletion of the caller's account and tells its owner. Sign-ins stay possible until it is due. `CONFLICT` if
 * it has begun already, so that a second call cannot put it off.
 */
export const deleteAccount = async (call: Call, needs: DeleteAccountNeeds): Promise<AccountDeletion> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  const dueAt = deletionDueFrom(call.now)
  return await call.inTransaction(async (inner) => {
    const account = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    // Checked again under the lock, because the level may have risen since the guard.
    if (account.kind !== 'ANONYMOUS')
      requireStepUp(principal, { acr: account.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
    if (account.deletionDueAt !== null)
      throw new Failure('CONFLICT', 'The deletion of this account has begun already.', {
        reason: `account ${accountId} is due`,
      })
    await needs.accounts.changeDeletion(inner, accountId, dueAt)
    const detail = { dueAt: dueAt.toISOString() }
    const act: AuditedAct = { action: 'account.deletion_begun', accountId, detail }
    await inner.write(...announceAct(inner, act, needs))
    return { account: { ...account, deletionDueAt: dueAt }, dueAt }
  })
}
