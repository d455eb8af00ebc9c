// Shows what the mailed link would cancel. Changes nothing, because mail scanners open links.
import type { Accounts } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import type { KeyRing } from '../tokens/key-ring.js'
import { resetIdOf } from './cancel-token.js'
import type { PasswordReset, PasswordResetStatus } from './password-reset.js'
import type { PasswordResets } from './password-resets.js'

/** The content of the link's page. */
export interface PasswordResetView {
  readonly status: PasswordResetStatus
  /** The name of the account. */
  readonly accountName: string
  /** The user agent of who began it, or null. */
  readonly device: string | null
  /** The network address of who began it. */
  readonly sourceAddress: string
  readonly begunAt: Date
  /** When a mailed code alone will complete it. */
  readonly availableAt: Date
}

/** What `showPasswordReset` works with. */
export interface ShowPasswordResetNeeds {
  readonly accounts: Accounts
  readonly passwordResets: PasswordResets
  readonly keyRing: KeyRing
}

/** The content of the page for a link's token; null if we did not issue it, or the reset was purged. */
export const showPasswordReset = async (
  call: Call,
  token: string,
  needs: ShowPasswordResetNeeds,
): Promise<PasswordResetView | null> => {
  const id = resetIdOf(token, needs.keyRing)
  const reset = id === null ? null : await needs.passwordResets.find(call, id)
  const account = reset === null ? null : await needs.accounts.find(call, reset.account)
  if (reset === null || account === null) return null
  const { device, sourceAddress, begunAt, availableAt } = reset
  return {
    status: statusOf(reset, call.now),
    accountName: account.handle ?? account.id,
    device,
    sourceAddress,
    begunAt,
    availableAt: availableAt ?? begunAt,
  }
}

const statusOf = ({ status, lapsesAt }: PasswordReset, now: Date): PasswordResetStatus =>
  status === 'WAITING' && lapsesAt !== null && now >= lapsesAt ? 'LAPSED' : status
