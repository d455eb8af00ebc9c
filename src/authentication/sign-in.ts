// Signs in: a proof of any method opens a session of its identity's account.
import type { Account } from '../accounts/account.js'
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type OpenedIdentity, type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import type { Metrics } from '../runtime/metrics.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import { type IssuableSession, principalOf } from '../sessions/session.js'
import { type StartSessionNeeds, startSession } from '../sessions/start-session.js'
import { answerClosedIdentity, type HalfProven } from './answer-closed-identity.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import { claimOf, type VerifiedIdentity } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'
import type { WantSecondFactorNeeds } from './want-second-factor.js'

/** What `signIn` works with. */
export interface SignInNeeds
  extends VerifyProofNeeds,
    OpenIdentityNeeds,
    WantSecondFactorNeeds,
    StartSessionNeeds,
    IssueTokensNeeds {
  readonly metrics: Metrics
  readonly random: StartSessionNeeds['random']
}

/** The result of a sign-in: the account with tokens, or the challenge that completes the proof. */
export type SignedIn =
  | {
      readonly outcome: 'opened'
      readonly account: Account
      readonly tokens: Tokens
      /** The principal of the new tokens. */
      readonly principal: Principal
      /** True if the identity was unknown, so that the account is new. */
      readonly provisioned: boolean
    }
  | HalfProven

/** Signs in. The request's bearer is ignored: the session is new, and nothing is linked. */
export const signIn = async (call: Call, submitted: SubmittedProof, needs: SignInNeeds): Promise<SignedIn> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await signInBy(call, submitted, needs) },
    needs,
  )

const signInBy = async (call: Call, submitted: SubmittedProof, needs: SignInNeeds): Promise<SignedIn> => {
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'SIGN_IN' }, needs)
  if (verified.kind === 'second_factor')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor signs nobody in by itself' })
  // 3 in one transaction: spend the challenge, open the identity, start the session, audit
  const opening = await openIdentity(call, claimOf(verified), needs, (opened) =>
    openSession(call, { opened, verified }, needs),
  )
  if (opening.outcome !== 'opened')
    return await answerClosedIdentity(call, { closed: opening, verified }, needs)
  const { session, account, provisioned } = opening.result
  needs.metrics.signIns.inc({ method: verified.method.name })
  // 4 issue the tokens
  const tokens = issueTokens(call, session, needs)
  return { outcome: 'opened', account, provisioned, tokens, principal: principalOf(session) }
}

interface OpenedSession {
  readonly account: Account
  readonly session: IssuableSession
  readonly provisioned: boolean
}

const openSession = async (
  call: Call,
  { opened, verified }: { readonly opened: OpenedIdentity; readonly verified: VerifiedIdentity },
  needs: SignInNeeds,
): Promise<OpenedSession> => {
  const { account, identityId, provisioned } = opened
  const { session, parts } = startSession(
    call,
    {
      accountId: account.id,
      isFirst: provisioned,
      identityId,
      method: verified.method.name,
      amr: verified.amr,
      acr: verified.acr,
      deviceName: verified.deviceName,
      isTold: opened.hasAddress,
    },
    needs,
  )
  const written = [...verified.writes, ...opened.parts, ...parts]
  if (provisioned) {
    await call.write(...written)
    return { account, session: { ...session, absorbedIds: [] }, provisioned }
  }
  const { absorbedIds } = await needs.accounts.writeWhileOpen(call, account, ...written)
  return { account, session: { ...session, absorbedIds }, provisioned }
}
