// The two proofs of a merge: how the caller's session was opened, and the proof of the other account.
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { AccountProof } from './merge-accounts.js'
import type { TicketProof } from './merge-ticket.js'
import type { Merges } from './merges.js'

/** A caller, and what it has proven of another account. */
export interface ProvenBeside {
  readonly principal: SessionPrincipal
  readonly otherId: string
  readonly proof: TicketProof
}

/** Both proofs, for the record. `UNAUTHENTICATED` if the identity of the session was unlinked meanwhile. */
export const proofsOf = async (
  call: Call,
  { principal, otherId, proof }: ProvenBeside,
  { merges }: { readonly merges: Merges },
): Promise<readonly AccountProof[]> => {
  const opener = await merges.findOpener(call, principal.sessionId)
  if (opener === null)
    throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.', {
      reason: `session ${principal.sessionId} has no identity`,
    })
  const { accountId, amr, authenticatedAt } = principal
  const { acr: _, ...other } = proof
  return [
    { accountId, ...opener, amr, at: authenticatedAt.toISOString() },
    { accountId: otherId, ...other },
  ]
}
