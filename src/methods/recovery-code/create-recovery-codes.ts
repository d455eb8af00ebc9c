// Makes a new set of recovery codes, which replaces the former one.
import { type AnnounceActNeeds, announceAct } from '../../audit/announce-act.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../../authorization/authorize.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { SettleLevelNeeds } from '../../second-factors/settle-level.js'
import type { Sessions } from '../../sessions/sessions.js'
import { newRecoveryCodes } from './recovery-code.js'

/** What `createRecoveryCodes` works with. */
export interface CreateRecoveryCodesNeeds extends SettleLevelNeeds, AnnounceActNeeds {
  readonly sessions: Sessions
}

/** The new codes, shown this once. `CONFLICT` for an account without a second factor for which they could stand in. */
export const createRecoveryCodes = async (
  call: Call,
  needs: CreateRecoveryCodesNeeds,
): Promise<readonly string[]> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  const { codes, credential } = newRecoveryCodes(needs.random)
  await call.inTransaction(async (inner) => {
    const { level } = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    requireStepUp(principal, { acr: level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
    if (level !== 'aal2')
      throw new Failure(
        'CONFLICT',
        'Recovery codes stand in for a second factor, and your account has none. Add an authenticator app (enrolTotp) or a password first.',
      )
    await inner.write(
      needs.secondFactors.replacement(inner, accountId, 'recoveryCode', credential),
      ...announceAct(inner, { action: 'recovery_codes.created', accountId }, needs),
    )
  })
  return codes
}
