// Steps up: the caller proves its identity again in the same session, by one proof or by two.
import type { Account } from '../accounts/account.js'
import type { AuditLog } from '../audit/audit-log.js'
import { requireSession } from '../authorization/authorize.js'
import { type Acr, isWeaker, type SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { assertNever, Failure } from '../failure.js'
import { type OpenedIdentity, type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import type { IssuableSession } from '../sessions/session.js'
import type { Sessions } from '../sessions/sessions.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import { type OfferSecondFactorNeeds, offerSecondFactor } from './offer-second-factor.js'
import type { StandingChallenge } from './standing-challenge.js'
import type { VerifiedIdentity, VerifiedSecondFactor } from './verified-proof.js'
import { type SubmittedProof, type VerifyProofNeeds, verifyProof } from './verify-proof.js'

/** What `stepUp` works with. */
export interface StepUpNeeds
  extends VerifyProofNeeds,
    OpenIdentityNeeds,
    OfferSecondFactorNeeds,
    IssueTokensNeeds {
  readonly sessions: Sessions
  readonly auditLog: AuditLog
  readonly random: OpenIdentityNeeds['random'] & OfferSecondFactorNeeds['random']
}

/**
 * The result of a step-up: new tokens, or what must be shown beside the proof. `challenge` completes it; null if the
 * account has nothing that could.
 */
export type SteppedUp =
  | { readonly outcome: 'raised'; readonly tokens: Tokens }
  | {
      readonly outcome: 'second_factor'
      readonly challenge: StandingChallenge | null
      readonly shown: Acr
      readonly wanted: Acr
    }

/**
 * A new access token with a new `auth_time`, and the session's current refresh token. The level of a session never
 * decreases: a proof that is weaker than the account or the session is a first one, which a second factor completes.
 */
export const stepUp = async (call: Call, submitted: SubmittedProof, needs: StepUpNeeds): Promise<SteppedUp> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await stepUpBy(call, submitted, needs) },
    needs,
  )

const stepUpBy = async (call: Call, submitted: SubmittedProof, needs: StepUpNeeds): Promise<SteppedUp> => {
  const principal = requireSession(call.principal)
  // 1 count the attempt, 2 verify the proof
  const verified = await verifyProof(call, { ...submitted, purpose: 'STEP_UP' }, needs)
  // 3 in one transaction: spend the challenge, raise the session, audit
  const raising =
    verified.kind === 'second_factor'
      ? await raiseBySecondFactor(call, { verified, principal }, needs)
      : await raiseByIdentity(call, { verified, principal }, needs)
  if (raising.outcome === 'second_factor') return raising
  if (raising.session === null) throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  // 4 issue the tokens
  return { outcome: 'raised', tokens: issueTokens(call, raising.session, needs) }
}

/** `session` is null if it has ended. */
type Raising =
  | { readonly outcome: 'raised'; readonly session: IssuableSession | null }
  | Exclude<SteppedUp, { readonly outcome: 'raised' }>

interface Proven<V> {
  readonly verified: V
  readonly principal: SessionPrincipal
}

/** A second factor, in addition to the proof that opened the session. */
const raiseBySecondFactor = async (
  call: Call,
  { verified, principal }: Proven<VerifiedSecondFactor>,
  needs: StepUpNeeds,
): Promise<Raising> => {
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
  const session = await needs.sessions.raise(call, raised, ...verified.writes, audit)
  return { outcome: 'raised', session }
}

const raiseByIdentity = async (
  call: Call,
  proven: Proven<VerifiedIdentity>,
  needs: StepUpNeeds,
): Promise<Raising> => {
  const { verified, principal } = proven
  const { acr, handle, credential } = verified
  const { accountId } = principal
  const claim = {
    proven: verified.proven,
    acr,
    handle,
    credential,
    accountId,
    whenUnknown: { act: 'refuse' },
  } as const
  const opening = await openIdentity(call, claim, needs, async (opened): Promise<Raising> => {
    if (!isWeaker(acr, principal.acr))
      return { outcome: 'raised', session: await raise(call, { ...proven, opened }, needs) }
    // Enough for the account, but it must not renew the time of a stronger proof.
    const parts = needs.provenIdentities.stepsOf(opened.identityId, credential)
    return await complete(call, { ...proven, account: opened.account, parts }, needs)
  })
  switch (opening.outcome) {
    case 'opened':
      return opening.result
    case 'second_factor':
      if (opening.account.id !== accountId) throw ofAnotherAccount()
      return await complete(call, { ...proven, ...opening }, needs)
    case 'other_account':
      throw ofAnotherAccount()
    case 'refused':
      throw opening.failure
    default:
      return assertNever(opening)
  }
}

const ofAnotherAccount = (): Failure =>
  new Failure('PROOF_REJECTED', undefined, { reason: 'the proof is not of an identity of this account' })

const raise = async (
  call: Call,
  { verified, principal, opened }: Proven<VerifiedIdentity> & { readonly opened: OpenedIdentity },
  needs: StepUpNeeds,
): Promise<IssuableSession | null> => {
  const { accountId, sessionId } = principal
  const { identityId, parts } = opened
  const audit = needs.auditLog.row(call, {
    action: 'session.stepped_up',
    accountId,
    detail: { method: verified.method.name, identityId },
  })
  const raised = { id: sessionId, amr: [...verified.amr], acr: verified.acr, identityId }
  return await needs.sessions.raise(call, raised, ...verified.writes, ...parts, audit)
}

/** Spends a proof that is too weak alone; the challenge of the second one completes it. */
const complete = async (
  call: Call,
  first: Proven<VerifiedIdentity> & { readonly account: Account; readonly parts: readonly Part[] },
  needs: StepUpNeeds,
): Promise<Raising> => {
  const { verified, principal, account, parts } = first
  const challenge = await offerSecondFactor(call, { verified, account, parts, purpose: 'STEP_UP' }, needs)
  const wanted = isWeaker(principal.acr, account.level) ? account.level : principal.acr
  return { outcome: 'second_factor', challenge, shown: verified.acr, wanted }
}
