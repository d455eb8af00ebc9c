// Confirms the enrolment of TOTP by a first code: from then on the account asks for two factors.
import type { Account } from '../../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../../audit/announce-act.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../../authorization/authorize.js'
import type { SessionPrincipal } from '../../authorization/principal.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { enrolmentLifetimeSeconds, type SecondFactor } from '../../second-factors/second-factor.js'
import { type SettleLevelNeeds, settleLevel } from '../../second-factors/settle-level.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../../sessions/issue-tokens.js'
import type { IssuableSession } from '../../sessions/session.js'
import type { Sessions } from '../../sessions/sessions.js'
import { parseTotpCode, useTotpCode } from './totp-code.js'
import type { TotpCredential } from './totp-secret.js'

/** What `confirmTotp` works with. */
export interface ConfirmTotpNeeds extends SettleLevelNeeds, AnnounceActNeeds, IssueTokensNeeds {
  readonly sessions: Sessions
}

/** The account with its TOTP, and tokens of the same session, which has now shown two factors. */
export interface ConfirmedTotp {
  readonly account: Account
  readonly tokens: Tokens
}

/**
 * Confirms the enrolment. `NOT_FOUND` without one, `CONFLICT` if it was confirmed, `CHALLENGE_EXPIRED` if it is too
 * old, `PROOF_REJECTED` for a wrong code, `RATE_LIMITED` for too many.
 */
export const confirmTotp = async (
  call: Call,
  code: string,
  needs: ConfirmTotpNeeds,
): Promise<ConfirmedTotp> => {
  const principal = requireSession(call.principal)
  const { accountId } = principal
  // 1 the code's form, the enrolment, the number of tries
  parseTotpCode(code)
  const factor = enrolmentOf(call, await needs.secondFactors.find(call, accountId, 'totp'))
  await needs.secondFactors.countTry(call, accountId, 'totp')
  // 2 the code
  const next = useTotpCode(factor, code, { keyRing: needs.keyRing, now: call.now })
  // 3 in one transaction: confirm, raise the account and the session, audit
  const { account, session } = await call.inTransaction(
    async (inner) => await confirm(inner, { principal, factor, next }, needs),
  )
  return { account, tokens: issueTokens(call, session, needs) }
}

const enrolmentOf = (call: Call, found: SecondFactor | null): SecondFactor => {
  if (found === null) throw new Failure('NOT_FOUND', 'No enrolment waits for a code. Enrol first.')
  if (found.confirmedAt !== null)
    throw new Failure('CONFLICT', 'Your authenticator app is confirmed already.')
  if (call.now.getTime() >= found.createdAt.getTime() + enrolmentLifetimeSeconds * 1000)
    throw new Failure('CHALLENGE_EXPIRED', 'The enrolment has expired. Enrol again.')
  return found
}

interface Confirmation {
  readonly principal: SessionPrincipal
  readonly factor: SecondFactor
  readonly next: TotpCredential
}

const confirm = async (
  call: Call,
  { principal, factor, next }: Confirmation,
  needs: ConfirmTotpNeeds,
): Promise<{ readonly account: Account; readonly session: IssuableSession }> => {
  const { accountId, sessionId } = principal
  const owner = await needs.accounts.lock(call, accountId)
  await needs.sessions.lockLive(call, sessionId)
  requireStepUp(principal, { acr: owner.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
  const detail = { method: 'totp' }
  await call.write(
    needs.secondFactors.confirmation(call, factor, next),
    ...announceAct(call, { action: 'second_factor.added', accountId, detail }, needs),
  )
  const account = await settleLevel(call, owner, needs)
  const amr = [...new Set([...principal.amr, 'otp', 'mfa'])]
  const session = await needs.sessions.raise(call, { id: sessionId, amr, acr: 'aal2', identityId: null })
  if (session === null) throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  return { account, session }
}
