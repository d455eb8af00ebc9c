// Steps up: whoever is signed in proves again that it is still there, in the same session.

import type { AuditLog } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import type { Sessions } from '../sessions/sessions.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'

/** What `stepUp` works with. */
export interface StepUpNeeds extends VerifyProofNeeds, IssueTokensNeeds {
  readonly identities: Identities
  readonly sessions: Sessions
  readonly auditLog: AuditLog
}

/** A new access token with a fresh `auth_time`, and the session's current refresh token. */
export const stepUp = async (call: Call, submitted: SubmittedProof, needs: StepUpNeeds): Promise<Tokens> => {
  const { accountId, sessionId } = requireSession(call.principal)
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'STEP_UP' }, needs)
  const { found } = await needs.identities.lookUp(call, verified.proven, null)
  if (found?.account.id !== accountId)
    throw new Failure('PROOF_REJECTED', undefined, {
      reason: 'the proof is not of an identity of this account',
    })
  // 3 in one transaction: spend the challenge, raise the session, audit
  const { method, spend } = verified
  const detail = { method: method.name, identityId: found.identityId }
  const session = await needs.sessions.raise(
    call,
    { id: sessionId, amr: [...method.amr], acr: method.acr, identityId: found.identityId },
    ...spend,
    needs.auditLog.row(call, { action: 'session.stepped_up', accountId, detail }),
  )
  if (session === null) throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  // 4 issue the tokens
  return await issueTokens(call, session, needs)
}
