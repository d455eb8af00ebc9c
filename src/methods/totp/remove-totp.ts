// Removes the TOTP of an account.
import type { Account } from '../../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../../audit/announce-act.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../../authorization/authorize.js'
import type { Call } from '../../database/call.js'
import { type SettleLevelNeeds, settleLevel } from '../../second-factors/settle-level.js'
import type { Sessions } from '../../sessions/sessions.js'

/** What `removeTotp` works with. */
export interface RemoveTotpNeeds extends SettleLevelNeeds, AnnounceActNeeds {
  readonly sessions: Sessions
}

/**
 * Removes the TOTP; the account is of the level of what remains. The caller must have shown two factors recently,
 * because an account with a TOTP is of that level. `NOT_FOUND` without one.
 */
export const removeTotp = async (call: Call, needs: RemoveTotpNeeds): Promise<Account> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  return await call.inTransaction(async (inner) => {
    const owner = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    requireStepUp(principal, { acr: owner.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
    const detail = { method: 'totp' }
    await inner.write(
      needs.secondFactors.removal(accountId, 'totp'),
      ...announceAct(inner, { action: 'second_factor.removed', accountId, detail }, needs),
    )
    return await settleLevel(inner, owner, needs)
  })
}
