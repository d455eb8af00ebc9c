// Begins the wait of a reset for which nothing but the code of a mail was given.
import { type Account, suspendedFailure } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type AskedReset, nextBeginAt, waitFrom } from '../password-resets/password-reset.js'
import type { PasswordResets } from '../password-resets/password-resets.js'
import type { SecondFactors } from '../second-factors/second-factors.js'
import type { VerifiedIdentity } from './verified-proof.js'

/** What `beginPasswordReset` works with. */
export interface BeginPasswordResetNeeds extends AnnounceActNeeds {
  readonly accounts: Accounts
  readonly passwordResets: PasswordResets
  readonly secondFactors: SecondFactors
}

/** An account whose mailed code was given. */
export interface MailedReset {
  readonly account: Account
  readonly verified: VerifiedIdentity
}

/**
 * Spends the code and begins a wait, or returns the one that is under way, which keeps its time and of which nobody is
 * told again. `PROOF_REJECTED` for an account with TOTP, `RATE_LIMITED` after one was cancelled; both cost no code.
 */
export const beginPasswordReset = async (
  call: Call,
  { account: { id: accountId }, verified }: MailedReset,
  needs: BeginPasswordResetNeeds,
): Promise<AskedReset> =>
  await call.inTransaction(async (inner) => {
    // Locked, so that of concurrent calls one begins it.
    const { suspendedAt } = await needs.accounts.lock(inner, accountId)
    if (suspendedAt !== null) throw suspendedFailure('FORBIDDEN', accountId)
    await inner.write(...verified.writes)
    await refuseTotp(inner, accountId, needs)
    const former = await needs.passwordResets.findOpen(inner, accountId)
    if (former !== null) return former
    await refuseAfterCancelled(inner, accountId, needs)
    await needs.passwordResets.lapse(inner, accountId)
    const { userAgent, address } = inner.source
    const reset = {
      id: needs.random.uuid(),
      account: accountId,
      status: 'WAITING' as const,
      begunAt: inner.now,
      device: userAgent,
      sourceAddress: address,
      ...waitFrom(inner.now),
      endedAt: null,
      cancelledBy: null,
    }
    const { id: resetId, availableAt } = reset
    const detail = { resetId, availableAt: availableAt.toISOString(), device: userAgent }
    const act = { action: 'password_reset.begun', accountId, actorId: null, sessionId: null, detail } as const
    await inner.write(needs.passwordResets.row(reset), ...announceAct(inner, act, needs))
    return reset
  })

/** Its owner signs in with the mailed code and TOTP, which is stronger than a code and a wait. */
const refuseTotp = async (call: Call, accountId: string, needs: BeginPasswordResetNeeds): Promise<void> => {
  if ((await needs.secondFactors.findConfirmed(call, accountId, 'totp')) === null) return
  throw new Failure(
    'PROOF_REJECTED',
    'This account has TOTP, so a reset needs the signature of a registered device or a recovery code. Or sign in with a mailed code and TOTP, and set a password then.',
    { reason: `account ${accountId} has TOTP` },
  )
}

const refuseAfterCancelled = async (
  call: Call,
  accountId: string,
  needs: BeginPasswordResetNeeds,
): Promise<void> => {
  const cancelled = await needs.passwordResets.findCancelled(call, accountId)
  const seconds = cancelled === null ? 0 : (nextBeginAt(cancelled).getTime() - call.now.getTime()) / 1_000
  if (seconds <= 0) return
  throw new Failure(
    'RATE_LIMITED',
    'A reset of this password was cancelled a short time ago. Give the signature of a registered device or a recovery code, or wait.',
    { retryAfterSeconds: Math.ceil(seconds), reason: `a reset of account ${accountId} was cancelled` },
  )
}
