// Completes a reset: stores the new password and ends every session of the account. Nobody is signed in by it.
import { type Account, suspendedFailure } from '../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import { type AskedReset, isAvailable, type WaitingReset } from '../password-resets/password-reset.js'
import type { PasswordResets } from '../password-resets/password-resets.js'
import { type PreparePasswordNeeds, preparePassword } from '../passwords/prepare-password.js'
import { type StorePasswordNeeds, storePassword } from '../passwords/store-password.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'
import type { ResetProof } from './prove-reset.js'
import type { VerifiedIdentity } from './verified-proof.js'

/** What `completePasswordReset` works with. */
export interface CompletePasswordResetNeeds
  extends PreparePasswordNeeds,
    StorePasswordNeeds,
    AnnounceActNeeds {
  readonly random: PreparePasswordNeeds['random']
  readonly passwordResets: PasswordResets
  readonly provenIdentities: ProvenIdentities
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/** A reset that was proven by a mailed code and something else. */
export interface ProvenReset {
  readonly account: Account
  readonly verified: VerifiedIdentity
  readonly proven: ResetProof
  readonly newPassword: string
}

/** The reset, which is done. `BAD_USER_INPUT` for a password that is too weak for this account; it costs no code. */
export const completePasswordReset = async (
  call: Call,
  reset: ProvenReset,
  needs: CompletePasswordResetNeeds,
): Promise<AskedReset> => {
  // 1 check and hash the password; no transaction is open, because it waits for its turn
  const { account, newPassword: raw } = reset
  const credential = await preparePassword(call, { raw, field: 'newPassword', account }, needs)
  // 2 in one transaction: spend the proofs, store the password, end all sessions, audit
  const { done, ended } = await call.inTransaction(async (inner) => {
    const locked = await lockOwner(inner, reset, needs)
    await inner.write(...reset.verified.writes, ...reset.proven.writes)
    const waiting = await needs.passwordResets.findWaiting(inner, locked.id)
    if (reset.proven.by === 'wait') await requireWait(inner, { accountId: locked.id, waiting }, needs)
    await storePassword(inner, { account: locked, credential }, needs)
    const sessions = await needs.sessions.end(inner, { accountId: locked.id })
    const finished = await finish(inner, { accountId: locked.id, waiting }, needs)
    const { by, deviceId } = reset.proven
    const detail = {
      resetId: finished.id,
      by,
      ...(deviceId === null ? {} : { deviceId }),
      endedSessions: sessions.length,
      device: inner.source.userAgent,
    }
    const act = {
      action: 'password_reset.done',
      accountId: locked.id,
      actorId: null,
      sessionId: null,
      detail,
    } as const
    await inner.write(...announceAct(inner, act, needs))
    return { done: finished, ended: sessions.length }
  })
  needs.metrics.sessionsEnded.inc({ cause: 'password_reset' }, ended)
  return done
}

/** The account, locked, if it still has the address and a password and is open: all were read before the lock. */
const lockOwner = async (
  call: Call,
  { account, verified }: ProvenReset,
  needs: CompletePasswordResetNeeds,
): Promise<Account> => {
  const locked = await needs.accounts.lock(call, account.id)
  if (locked.suspendedAt !== null) throw suspendedFailure('FORBIDDEN', locked.id)
  const { found } = await needs.provenIdentities.lookUp(call, verified.proven, null)
  const password = await needs.passwords.find(call, { kind: 'account', name: locked.id })
  if (found?.account.id === locked.id && password !== null) return locked
  throw new Failure('PROOF_REJECTED', undefined, {
    reason: `account ${locked.id} has lost the address or the password meanwhile`,
  })
}

interface Waiting {
  readonly accountId: string
  readonly waiting: WaitingReset | null
}

/** Checked again under the lock: it may have been cancelled meanwhile, and TOTP may have been added during the wait. */
const requireWait = async (
  call: Call,
  { accountId, waiting }: Waiting,
  needs: CompletePasswordResetNeeds,
): Promise<void> => {
  if (waiting === null || !isAvailable(waiting, call.now))
    throw new Failure('CONFLICT', 'This reset was cancelled or completed meanwhile.')
  if ((await needs.secondFactors.findConfirmed(call, accountId, 'totp')) !== null)
    throw new Failure(
      'PROOF_REJECTED',
      'This account has TOTP by now: sign in with a mailed code and TOTP, and set a password then.',
      { reason: `account ${accountId} has TOTP` },
    )
}

/** Completes the reset that waits, whatever it was proven by, so that it cannot be used again; else records this one. */
const finish = async (
  call: Call,
  { accountId, waiting }: Waiting,
  needs: CompletePasswordResetNeeds,
): Promise<AskedReset> => {
  const { passwordResets } = needs
  if (waiting !== null && !(await passwordResets.lapse(call, accountId))) {
    await call.write(passwordResets.completion(call, waiting.id))
    return { id: waiting.id, availableAt: waiting.availableAt, status: 'DONE' }
  }
  const { userAgent: device, address: sourceAddress } = call.source
  const waits = { availableAt: null, lapsesAt: null, cancelledBy: null }
  const times = { begunAt: call.now, endedAt: call.now }
  const id = needs.random.uuid()
  const done = { id, account: accountId, status: 'DONE' as const, device, sourceAddress, ...waits, ...times }
  await call.write(passwordResets.row(done))
  return done
}
