// Plans a merge of two persons: shows what would happen, and gives the ticket by which the caller decides.
import type { Account } from '../accounts/account.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { Failure } from '../failure.js'
import { decideMerge, type MergeDecision, type MergeSide } from './decide-merge.js'
import { type MergeTickets, markOf, type TicketProof } from './merge-ticket.js'
import type { Merges } from './merges.js'

/** What `planMerge` works with. */
export interface PlanMergeNeeds {
  readonly merges: Merges
  readonly mergeTickets: MergeTickets
  readonly mergeLimits: { readonly identities: number; readonly devices: number }
}

/** Two accounts, both of which the caller has proven. */
export interface PlannedMerge {
  readonly principal: SessionPrincipal
  readonly own: Account
  readonly other: Account
  /** Of the other account. */
  readonly proof: TicketProof
  /** What spends that proof. */
  readonly parts: readonly Part[]
}

/** A plan, by the rules alone; the choice of a survivor turns its sides. */
export interface MergePlan extends Omit<MergeDecision, 'survivor' | 'absorbed'> {
  readonly ticket: string
  readonly expiresAt: Date
  readonly survivor: MergeSide
  readonly absorbed: MergeSide
}

/** Spends the proof and plans; changes nothing else. `MERGE_REFUSED` if the two cannot be merged. */
export const planMerge = async (
  call: Call,
  { principal, own, other, proof, parts }: PlannedMerge,
  needs: PlanMergeNeeds,
): Promise<MergePlan> => {
  const sides = await needs.merges.sidesOf(call, [own, other])
  const [mine, theirs] = sides
  if (mine === undefined || theirs === undefined) throw new Failure('NOT_FOUND', 'No such account.')
  const question = { own: mine, other: theirs, survivorId: null, choices: new Map() }
  const answer = decideMerge({ ...question, limits: needs.mergeLimits })
  if (answer.outcome === 'refused') throw new Failure('MERGE_REFUSED', answer.why, { reason: answer.reason })
  await call.write(...parts)
  const { ticket, expiresAt } = needs.mergeTickets.issue(call, {
    sessionId: principal.sessionId,
    ownId: own.id,
    otherId: other.id,
    proof,
    mark: markOf(mine, theirs),
  })
  const [survivor, absorbed] = answer.survivor.id === own.id ? [mine, theirs] : [theirs, mine]
  return { ...answer, ticket, expiresAt, survivor, absorbed }
}
