// Merges two persons by the ticket of a plan, with the choices of the caller.
import type { Accounts } from '../accounts/accounts.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { SessionPrincipal } from '../authorization/principal.js'
import { isExpired } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { MergeField, MergeResolution } from './merge.js'
import {
  type LockedDecision,
  type MergeAccountsNeeds,
  type MergedAccounts,
  mergeAccounts,
} from './merge-accounts.js'
import { type MergeTicket, type MergeTickets, markOf } from './merge-ticket.js'
import { proofsOf } from './proofs-of.js'

/** What `mergeByTicket` works with. */
export interface MergeByTicketNeeds extends MergeAccountsNeeds {
  readonly mergeTickets: MergeTickets
}

/** What the caller has decided. */
export interface DecidedMerge {
  readonly ticket: string
  /** The id of the account that is to survive, or one that leads to it; null to leave it to the rules. */
  readonly survivorId: string | null
  readonly resolutions: readonly MergeResolution[]
}

/**
 * Merges, in one transaction. The session goes on; if its account is absorbed, its next tokens are the survivor's.
 * `PROOF_REJECTED` for a ticket of another session, `CHALLENGE_EXPIRED` for a late and `CHALLENGE_SPENT` for a used one,
 * `CONFLICT` if one of the accounts has changed since the plan.
 */
export const mergeByTicket = async (
  call: Call,
  decided: DecidedMerge,
  needs: MergeByTicketNeeds,
): Promise<MergedAccounts> => {
  const principal = requireSession(call.principal)
  // 1 the ticket: ours, of this session, in time
  const ticket = openTicket(call, { text: decided.ticket, principal }, needs)
  // 2 the choices are between its two accounts
  const choices = await readChoices(call, { decided, ticket }, needs)
  const proofs = await proofsOf(call, { principal, otherId: ticket.otherId, proof: ticket.proof }, needs)
  const { ownId, otherId, proof } = ticket
  const session = { id: principal.sessionId, acr: proof.acr }
  // 3 spend it, first, so that of two uses at once the second one waits; then decide again, and merge
  return await call.inTransaction(async (inner) => {
    await inner.write(needs.mergeTickets.spend(ticket))
    const agree = async (locked: Call, decision: LockedDecision) =>
      await agreeTo(locked, { decision, ticket, principal, survivorId: choices.survivorId }, needs)
    return await mergeAccounts(inner, { ownId, otherId, ...choices, proofs, session }, needs, agree)
  })
}

const openTicket = (
  call: Call,
  { text, principal }: { readonly text: string; readonly principal: SessionPrincipal },
  { mergeTickets }: MergeByTicketNeeds,
): MergeTicket => {
  const ticket = mergeTickets.open(text)
  const isOfCaller = ticket?.sessionId === principal.sessionId && ticket.ownId === principal.accountId
  if (ticket === null || !isOfCaller)
    throw new Failure('PROOF_REJECTED', 'This is no ticket of this session. Ask for a new plan.', {
      reason: ticket === null ? 'ticket does not open' : `ticket of session ${ticket.sessionId}`,
    })
  if (isExpired(ticket, call.now))
    throw new Failure('CHALLENGE_EXPIRED', 'This plan has expired. Ask for a new one.')
  return ticket
}

interface Choices {
  readonly survivorId: string | null
  readonly choices: ReadonlyMap<MergeField, string>
}

const readChoices = async (
  call: Call,
  { decided, ticket }: { readonly decided: DecidedMerge; readonly ticket: MergeTicket },
  { accounts }: { readonly accounts: Accounts },
): Promise<Choices> => {
  const ids = [ticket.ownId, ticket.otherId]
  const oneOf = async (id: string, field: string): Promise<string> => {
    const meant = ids.includes(id) ? id : (await accounts.find(call, id))?.id
    if (meant !== undefined && ids.includes(meant)) return meant
    throw new Failure('BAD_USER_INPUT', 'This must be one of the two accounts of the plan.', { field })
  }
  const choices = new Map<MergeField, string>()
  for (const { field, from } of decided.resolutions) {
    if (choices.has(field))
      throw new Failure('BAD_USER_INPUT', `Choose once for ${field}.`, { field: 'resolutions' })
    choices.set(field, await oneOf(from, 'resolutions'))
  }
  const { survivorId } = decided
  return { survivorId: survivorId === null ? null : await oneOf(survivorId, 'survivor'), choices }
}

/** Checks again, under the locks, what held when the plan was made. */
const agreeTo = async (
  call: Call,
  merging: {
    readonly decision: LockedDecision
    readonly ticket: MergeTicket
    readonly principal: SessionPrincipal
    readonly survivorId: string | null
  },
  needs: MergeByTicketNeeds,
): Promise<void> => {
  const { decision, ticket, principal, survivorId } = merging
  const { own, other, survivor } = decision
  if (
    markOf(own, other) !== ticket.mark ||
    !(await needs.merges.leadsTo(call, ticket.proof.identityId, other.account.id))
  )
    throw new Failure('CONFLICT', 'One of the accounts has changed meanwhile. Ask for a new plan.')
  await needs.sessions.lockLive(call, principal.sessionId)
  requireStepUp(principal, { acr: own.account.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
  if (survivorId !== null && survivor.id !== survivorId)
    throw new Failure('BAD_USER_INPUT', 'A guest does not survive a person.', { field: 'survivor' })
}
