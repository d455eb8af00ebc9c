// Signs in: a proof, whatever its method, opens a session of the one account that it leads to.
import type { Account } from '../accounts/account.js'
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { isForeignKeyViolation } from '../database/storage-errors.js'
import { Failure } from '../failure.js'
import { type ResolveIdentityNeeds, resolveIdentity } from '../identities/resolve-identity.js'
import type { Metrics } from '../runtime/metrics.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import { principalOf, type Session } from '../sessions/session.js'
import { type StartSessionNeeds, startSession } from '../sessions/start-session.js'
import {
  type SubmittedProof,
  type VerifiedProof,
  type VerifyProofNeeds,
  verifyProof,
} from './verify-proof.js'

/** What `signIn` works with. */
export interface SignInNeeds
  extends VerifyProofNeeds,
    ResolveIdentityNeeds,
    StartSessionNeeds,
    IssueTokensNeeds {
  readonly metrics: Metrics
}

/** What a sign-in gives. */
export interface SignedIn {
  readonly account: Account
  readonly tokens: Tokens
  /** Who the new tokens stand for. */
  readonly principal: Principal
  /** True when the proof was never seen before, so that the account is new. */
  readonly provisioned: boolean
}

/** Signs in. A valid bearer is of no account here: the session is new, and nothing is linked. */
export const signIn = async (
  call: Call,
  submitted: SubmittedProof,
  needs: SignInNeeds,
): Promise<SignedIn> => {
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'SIGN_IN' }, needs)
  // 3 in one transaction: spend the challenge, resolve the identity, start the session, audit
  const opened = await openSession(call, verified, needs)
  needs.metrics.signIns.inc({ method: verified.method.name })
  // 4 issue the tokens
  const tokens = await issueTokens(call, opened.session, needs)
  const { account, session, provisioned } = opened
  return { account, provisioned, tokens, principal: principalOf(session) }
}

interface OpenedSession {
  readonly account: Account
  readonly session: Session
  readonly provisioned: boolean
}

/** Each one after the first follows a change that others made meanwhile; nobody can make that many in time. */
const mostResolutions = 5

/**
 * Resolves and writes. When another sign-in has just made the identity or the handle, or somebody has just unlinked it,
 * what was resolved is outdated and nothing was written, the challenge included: it is resolved once more.
 */
const openSession = async (
  call: Call,
  verified: VerifiedProof,
  needs: SignInNeeds,
): Promise<OpenedSession> => {
  for (let resolution = 1; ; resolution += 1) {
    try {
      return await resolveAndWrite(call, verified, needs)
    } catch (error) {
      if (!isOutdated(error) || resolution === mostResolutions) throw error
    }
  }
}

const isOutdated = (error: unknown): boolean =>
  (error instanceof Failure && error.code === 'CONFLICT') || isForeignKeyViolation(error)

const resolveAndWrite = async (
  call: Call,
  verified: VerifiedProof,
  needs: SignInNeeds,
): Promise<OpenedSession> => {
  const { method, proven, handle } = verified
  const resolved = await resolveIdentity(call, { proven, handle, provisions: method.provisions }, needs)
  const started = startSession(
    call,
    {
      accountId: resolved.account.id,
      identityId: resolved.identityId,
      method: method.name,
      amr: method.amr,
      acr: method.acr,
      deviceName: verified.deviceName,
      isTold: resolved.hasAddress,
    },
    needs,
  )
  const rows = [...verified.spend, ...resolved.rows, ...started.rows]
  if (resolved.provisioned) await call.write(...rows)
  else await needs.accounts.writeWhileOpen(call, resolved.account.id, ...rows)
  return { account: resolved.account, session: started.session, provisioned: resolved.provisioned }
}
