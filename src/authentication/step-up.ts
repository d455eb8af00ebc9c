// Steps up: the caller proves its identity again in the same session.
import type { AuditLog } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import { type Acr, isWeaker, type SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import { type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import type { Session } from '../sessions/session.js'
import type { Sessions } from '../sessions/sessions.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import type { VerifiedIdentity, VerifiedSecondFactor } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'

/** What `stepUp` works with. */
export interface StepUpNeeds extends VerifyProofNeeds, OpenIdentityNeeds, IssueTokensNeeds {
  readonly sessions: Sessions
  readonly auditLog: AuditLog
}

/**
 * A new access token with a new `auth_time`, and the session's current refresh token. The level of a session never
 * decreases: `STEP_UP_REQUIRED` for a proof that is weaker than the account requires.
 */
export const stepUp = async (call: Call, submitted: SubmittedProof, needs: StepUpNeeds): Promise<Tokens> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await stepUpBy(call, submitted, needs) },
    needs,
  )

const stepUpBy = async (call: Call, submitted: SubmittedProof, needs: StepUpNeeds): Promise<Tokens> => {
  const principal = requireSession(call.principal)
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'STEP_UP' }, needs)
  if (verified.kind === 'identity' && isWeaker(verified.acr, principal.acr))
    throw tooWeak(verified.acr, principal.acr)
  // 3 in one transaction: spend the challenge, raise the session, audit
  const session =
    verified.kind === 'second_factor'
      ? await raiseBySecondFactor(call, { verified, principal }, needs)
      : await raiseByIdentity(call, { verified, principal }, needs)
  if (session === null) throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  // 4 issue the tokens
  return issueTokens(call, session, needs)
}

/** Refuses a weak proof, which must not renew the time of a stronger one. */
const tooWeak = (shown: Acr, wanted: Acr): Failure =>
  new Failure('STEP_UP_REQUIRED', 'This proof is weaker than what is asked for. Give a stronger one.', {
    acrValues: [wanted],
    reason: `a proof of ${shown} where ${wanted} is asked for`,
  })

interface Proven<V> {
  readonly verified: V
  readonly principal: SessionPrincipal
}

/** A second factor, in addition to the proof that opened the session. */
const raiseBySecondFactor = async (
  call: Call,
  { verified, principal }: Proven<VerifiedSecondFactor>,
  needs: StepUpNeeds,
): Promise<Session | null> => {
  const { accountId, sessionId } = principal
  if (verified.accountId !== accountId)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor of another account' })
  const amr = [...new Set([...principal.amr, ...verified.amr, 'mfa'])]
  const audit = needs.auditLog.row(call, {
    action: 'session.stepped_up',
    accountId,
    detail: { method: verified.method.name },
  })
  const raised = { id: sessionId, amr, acr: 'aal2', identityId: null } as const
  return await needs.sessions.raise(call, raised, ...verified.writes, audit)
}

const raiseByIdentity = async (
  call: Call,
  { verified, principal }: Proven<VerifiedIdentity>,
  needs: StepUpNeeds,
): Promise<Session | null> => {
  const { accountId, sessionId } = principal
  const { proven, acr, amr, handle, credential } = verified
  const claim = { proven, acr, handle, credential, accountId, whenUnknown: { act: 'refuse' } } as const
  const opening = await openIdentity(call, claim, needs, async ({ identityId, parts }) => {
    const audit = needs.auditLog.row(call, {
      action: 'session.stepped_up',
      accountId,
      detail: { method: verified.method.name, identityId },
    })
    const raised = { id: sessionId, amr: [...amr], acr, identityId }
    return await needs.sessions.raise(call, raised, ...verified.writes, ...parts, audit)
  })
  switch (opening.outcome) {
    case 'opened':
      return opening.result
    case 'second_factor':
      throw tooWeak(acr, opening.account.level)
    case 'other_account':
      throw new Failure('PROOF_REJECTED', undefined, {
        reason: 'the proof is not of an identity of this account',
      })
    case 'refused':
      throw opening.failure
    default:
      return assertNever(opening)
  }
}
