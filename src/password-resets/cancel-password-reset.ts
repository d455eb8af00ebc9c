// Cancels a waiting reset of a password: in a session of its account, or by the token of its mail.
import { announceAct } from '../audit/announce-act.js'
import { requireScopes } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type CancelByMailNeeds, cancelByMail } from './cancel-by-mail.js'
import { isCancelToken } from './cancel-token.js'
import type { PasswordResetStatus } from './password-reset.js'

/** What `cancelPasswordReset` works with. */
export interface CancelPasswordResetNeeds extends CancelByMailNeeds {}

/** A UUID (RFC 9562 4). */
const idForm = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

const noSuchReset = (reason: string): Failure =>
  new Failure('NOT_FOUND', 'No such reset of a password.', { reason })

/**
 * Cancels the reset with this id if the caller has a session of its account, or that of a mailed token. A reset that is
 * cancelled stays so. `CONFLICT` if it was completed or has lapsed, `NOT_FOUND` for anybody else's.
 */
export const cancelPasswordReset = async (
  call: Call,
  idOrToken: string,
  needs: CancelPasswordResetNeeds,
): Promise<void> => {
  const status = isCancelToken(idOrToken)
    ? ((await cancelByMail(call, idOrToken, needs))?.status ?? null)
    : await cancelBySession(call, idOrToken, needs)
  if (status === null) throw noSuchReset('no reset of the caller, and no token of ours')
  if (status !== 'CANCELLED')
    throw new Failure('CONFLICT', 'There is nothing to cancel: the reset was completed, or has lapsed.', {
      reason: `it is ${status}`,
    })
}

/** The status of the reset after it was cancelled; null if it is not of the caller's account. */
const cancelBySession = async (
  call: Call,
  id: string,
  needs: CancelPasswordResetNeeds,
): Promise<PasswordResetStatus | null> => {
  const { principal } = call
  if (!idForm.test(id))
    throw new Failure('BAD_USER_INPUT', 'Give the id of the reset, or the token of the link in its mail.', {
      field: 'id',
    })
  if (principal?.kind !== 'session') return null
  await needs.throttle.countChange(call, principal)
  requireScopes(principal, [['identity:write']])
  const { accountId } = principal
  const by = 'session'
  const detail = { resetId: id, by }
  const act = { action: 'password_reset.cancelled', accountId, detail } as const
  const cancelled = await needs.passwordResets.cancel(
    call,
    { id, accountId, by },
    ...announceAct(call, act, needs),
  )
  if (cancelled !== null) return 'CANCELLED'
  const reset = await needs.passwordResets.find(call, id)
  if (reset?.account !== accountId) return null
  return reset.status === 'WAITING' ? 'LAPSED' : reset.status
}
