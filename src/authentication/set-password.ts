// Sets or changes the password of the caller's account.
import type { Account } from '../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { PasswordResets } from '../password-resets/password-resets.js'
import { type PreparePasswordNeeds, preparePassword } from '../passwords/prepare-password.js'
import { type StorePasswordNeeds, storePassword } from '../passwords/store-password.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `setPassword` works with. */
export interface SetPasswordNeeds extends PreparePasswordNeeds, StorePasswordNeeds, AnnounceActNeeds {
  readonly random: PreparePasswordNeeds['random']
  readonly sessions: Sessions
  readonly passwordResets: PasswordResets
  readonly metrics: Metrics
}

/**
 * Sets the password of the caller's account. A change ends all other sessions. `CONFLICT` if no second factor could
 * complete a sign-in with it, `BAD_USER_INPUT` if it is too short, too long or guessable.
 */
export const setPassword = async (
  call: Call,
  newPassword: string,
  needs: SetPasswordNeeds,
): Promise<Account> => {
  const { accountId, sessionId, ...principal } = requireSession(call.principal)
  const owner = await needs.accounts.get(call, accountId)
  await requireCompletion(call, owner, needs)
  // 1 read, check and hash the password; no transaction is open, because it waits for its turn
  const credential = await preparePassword(
    call,
    { raw: newPassword, field: 'newPassword', account: owner },
    needs,
  )
  // 2 in one transaction: store it, end the other sessions, audit
  const { account, ended } = await call.inTransaction(async (inner) => {
    const locked = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    // Checked again under the lock, because another call may have raised the level or removed the address meanwhile.
    const rule = { acr: locked.level, maxAgeSeconds: stepUpMaxAgeSeconds }
    requireStepUp({ accountId, sessionId, ...principal }, rule, inner.now)
    await requireCompletion(inner, locked, needs)
    const stored = await storePassword(inner, { account: locked, credential }, needs)
    // Who sets a password has not forgotten it: a reset that waits is not this owner's, or of no use any more.
    await needs.passwordResets.cancel(inner, { id: null, accountId, by: 'new_password' })
    const others = stored.isChange ? await needs.sessions.end(inner, { accountId, except: sessionId }) : []
    const act: AuditedAct = {
      action: stored.isChange ? 'password.changed' : 'password.set',
      accountId,
      detail: { identityId: stored.identityId, endedSessions: others.length },
    }
    await inner.write(...announceAct(inner, act, needs))
    return { account: stored.account, ended: others.length }
  })
  needs.metrics.sessionsEnded.inc({ cause: 'password_changed' }, ended)
  return account
}

/** Refuses with `CONFLICT` an account whose owner could not complete a sign-in by password. */
const requireCompletion = async (call: Call, { id }: Account, needs: SetPasswordNeeds): Promise<void> => {
  if ((await needs.identities.listAddresses(call, id)).length > 0) return
  if ((await needs.secondFactors.findConfirmed(call, id, 'totp')) !== null) return
  throw new Failure(
    'CONFLICT',
    'A password needs a second step: link an email address (linkIdentity) or set up TOTP first.',
    { reason: 'no verified address and no TOTP' },
  )
}
