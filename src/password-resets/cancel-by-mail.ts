// Cancels a waiting reset by the link of its mail.
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { Call } from '../database/call.js'
import { FromChange } from '../database/row.js'
import type { Throttle } from '../throttle/throttle.js'
import { resetIdOf } from './cancel-token.js'
import {
  type PasswordResetView,
  type ShowPasswordResetNeeds,
  showPasswordReset,
} from './show-password-reset.js'

/** What `cancelByMail` works with. */
export interface CancelByMailNeeds extends ShowPasswordResetNeeds, AnnounceActNeeds {
  readonly throttle: Throttle
}

/**
 * What has become of the reset; null if we did not issue the token. A second time it changes nothing. Limited by network
 * like a sign-in.
 */
export const cancelByMail = async (
  call: Call,
  token: string,
  needs: CancelByMailNeeds,
): Promise<PasswordResetView | null> => {
  await needs.throttle.count(call, 'signIn', null)
  const id = resetIdOf(token, needs.keyRing)
  if (id === null) return null
  const by = 'mail'
  const detail = { resetId: id, by, device: call.source.userAgent }
  // No session acted, whatever the request's bearer is.
  const act = {
    action: 'password_reset.cancelled',
    accountId: new FromChange('account'),
    actorId: null,
    sessionId: null,
    detail,
  } as const
  await needs.passwordResets.cancel(call, { id, accountId: null, by }, ...announceAct(call, act, needs))
  return await showPasswordReset(call, token, needs)
}
