// Merges a guest into the account of which it has just given a proof, and opens a session of that account.
import type { Account } from '../accounts/account.js'
import { isWeaker, type Principal, type SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { Failure } from '../failure.js'
import type { Merge } from '../merge/merge.js'
import { type LockedDecision, type MergeAccountsNeeds, mergeAccounts } from '../merge/merge-accounts.js'
import type { TicketProof } from '../merge/merge-ticket.js'
import { proofsOf } from '../merge/proofs-of.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from '../sessions/issue-tokens.js'
import { principalOf } from '../sessions/session.js'
import { type StartSessionNeeds, startSession } from '../sessions/start-session.js'
import type { VerifiedIdentity } from './verified-proof.js'

/** What `mergeGuest` works with. */
export interface MergeGuestNeeds extends MergeAccountsNeeds, StartSessionNeeds, IssueTokensNeeds {
  readonly sessions: MergeAccountsNeeds['sessions']
  readonly random: MergeAccountsNeeds['random']
}

/** A guest, and the proof of another account. */
export interface ProvenGuest {
  readonly principal: SessionPrincipal
  readonly otherId: string
  readonly proof: TicketProof
  readonly verified: VerifiedIdentity
  /** What the proof changes in its identity. */
  readonly parts: readonly Part[]
}

/** The merge, and the session that goes on in its place. */
export interface MergedGuest {
  readonly merge: Merge
  readonly account: Account
  readonly tokens: Tokens
  readonly principal: Principal
}

/**
 * Merges in one transaction, which also spends the proof and starts the session: either all of it happens or nothing.
 * `CONFLICT` if the guest has just become a person, or the proof does not lead to the account any more.
 */
export const mergeGuest = async (
  call: Call,
  guest: ProvenGuest,
  needs: MergeGuestNeeds,
): Promise<MergedGuest> => {
  const { principal, otherId, proof, verified } = guest
  const proofs = await proofsOf(call, { principal, otherId, proof }, needs)
  const request = { ownId: principal.accountId, otherId, survivorId: null, choices: new Map(), proofs }
  const { merge, account, session } = await call.inTransaction(async (inner) => {
    const agree = async (locked: Call, decision: LockedDecision) =>
      await agreeTo(locked, { guest, decision }, needs)
    const merged = await mergeAccounts(inner, { ...request, session: null }, needs, agree)
    const started = startSession(
      inner,
      {
        accountId: otherId,
        isFirst: false,
        identityId: proof.identityId,
        method: proof.method,
        amr: verified.amr,
        acr: verified.acr,
        deviceName: verified.deviceName,
        // The notice of the merge tells it.
        isTold: false,
      },
      needs,
    )
    await inner.write(...started.parts)
    return { merge: merged.merge, account: merged.survivor, session: started.session }
  })
  needs.metrics.signIns.inc({ method: proof.method })
  const tokens = issueTokens(call, { ...session, absorbedIds: account.absorbedIds }, needs)
  return { merge, account, tokens, principal: principalOf(session) }
}

/** Checks again under the locks what the look-up has found, and spends the proof. */
const agreeTo = async (
  call: Call,
  { guest, decision }: { readonly guest: ProvenGuest; readonly decision: LockedDecision },
  { sessions, merges }: MergeGuestNeeds,
): Promise<void> => {
  const { principal, proof, verified, parts } = guest
  const { account } = decision.other
  const isGuest = decision.rule === 'GUEST_INTO_ACCOUNT' && decision.absorbed.id === principal.accountId
  const isProven =
    !isWeaker(proof.acr, account.level) && (await merges.leadsTo(call, proof.identityId, account.id))
  if (!isGuest || !isProven)
    throw new Failure('CONFLICT', 'One of the accounts has just been changed. Try again.')
  await sessions.lockLive(call, principal.sessionId)
  await call.write(...verified.writes, ...parts)
}
