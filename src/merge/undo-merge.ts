// Undoes a merge: both accounts are as before, except for what was changed or added since, which stays with the survivor.
import type { Account } from '../accounts/account.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { isWeaker, type SessionPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { settleLevel } from '../second-factors/settle-level.js'
import { type GatherUndoFactsNeeds, gatherUndoFacts } from './gather-undo-facts.js'
import type { Merge } from './merge.js'
import { type MergeAccountsNeeds, mergeAccounts } from './merge-accounts.js'
import type { UndoProof } from './merge-undos.js'
import { planUndo, type UndoPlan } from './plan-undo.js'
import type { RestoredRows } from './restored-rows.js'

/** What `undoMerge` works with. */
export interface UndoMergeNeeds extends AnnounceActNeeds, GatherUndoFactsNeeds, MergeAccountsNeeds {
  readonly restoredRows: RestoredRows
}

/** A merge that was undone, and what that restored and left. */
export interface UndoneMerge {
  readonly merge: Merge
  readonly plan: UndoPlan
}

/**
 * Undoes a merge, for whoever proved an identity that either side held at the merge. `NOT_FOUND` for everybody else and
 * for an unknown id, `CONFLICT` if it was undone, `MERGE_REFUSED` if it cannot be undone any more.
 */
export const undoMerge = async (call: Call, id: string, needs: UndoMergeNeeds): Promise<UndoneMerge> => {
  const principal = requireSession(call.principal)
  const merge = await needs.mergeUndos.find(call, id)
  const proof = await needs.mergeUndos.findProof(call, id, principal.sessionId)
  if (merge === null || proof === null) throw noSuchMerge()
  const leadsTo = (await needs.accounts.find(call, merge.survivor))?.id ?? merge.survivor
  const ids = [merge.survivor, merge.absorbed, leadsTo, principal.accountId]
  const { ended, ...undone } = await needs.merges.withLocked(call, ids, async (inner, accounts) => {
    const locked = await readHolder(inner, { merge, principal, accounts }, needs)
    await needs.sessions.lockLive(inner, principal.sessionId)
    return await undoBy(inner, { ...locked, principal }, needs)
  })
  needs.metrics.sessionsEnded.inc({ cause: 'account_unmerged' }, ended)
  return undone
}

/** The refusal of a merge that is unknown, or of somebody else. */
export const noSuchMerge = (): Failure =>
  new Failure(
    'NOT_FOUND',
    'No such merge. Sign in by something that one of the two accounts had when they were merged.',
  )

interface Caller {
  readonly merge: Merge
  readonly principal: SessionPrincipal
  /** The locked ones. */
  readonly accounts: readonly Account[]
}

interface Locked {
  readonly merge: Merge
  readonly holder: Account
  readonly absorbed: Account
  readonly proof: UndoProof
  /** The account of the caller. */
  readonly own: Account
}

/** Reads the rest again under the locks. `CONFLICT` if the survivor was merged into another account meanwhile. */
const readHolder = async (
  call: Call,
  { merge, principal, accounts }: Caller,
  needs: UndoMergeNeeds,
): Promise<Locked> => {
  const byId = new Map(accounts.map((account) => [account.id, account]))
  const survivor = byId.get(merge.survivor)
  const holder = byId.get(survivor?.mergedInto ?? merge.survivor)
  const absorbed = byId.get(merge.absorbed)
  const own = byId.get(principal.accountId)
  const current = await needs.mergeUndos.find(call, merge.id)
  const proof = await needs.mergeUndos.findProof(call, merge.id, principal.sessionId)
  if (current === null || proof === null) throw noSuchMerge()
  if (holder === undefined || absorbed === undefined || own === undefined || own.id !== proof.accountId)
    throw new Failure('CONFLICT', 'One of the accounts was merged just now. Try again.')
  requireStepUp(principal, { acr: own.level, maxAgeSeconds: stepUpMaxAgeSeconds }, call.now)
  return { merge: current, holder, absorbed, proof, own }
}

const undoBy = async (
  call: Call,
  { principal, ...locked }: Locked & { readonly principal: SessionPrincipal },
  needs: UndoMergeNeeds,
): Promise<UndoneMerge & { readonly ended: number }> => {
  const { merge, holder, absorbed, proof } = locked
  // 1 plan it, as `mergeUndoPlan` shows it
  const plan = planUndo(await gatherUndoFacts(call, locked, needs))
  // 2 end the sessions that the returned identities opened at the survivor
  const openedBy = plan.identity.returned
  const ended = await needs.sessions.end(call, { accountId: holder.id, openedBy })
  // 3 put everything back; the handle is taken from the holder first, because it is unique
  await needs.accounts.changeByMerge(call, holder.id, plan.holder)
  await needs.accounts.changeByMerge(call, absorbed.id, { ...plan.absorbed, mergedInto: null })
  const homes = { mergeId: merge.id, holderId: holder.id, absorbedId: absorbed.id }
  await needs.restoredRows.putBack(call, homes, plan)
  const undone = await closeMerge(call, { ...locked, plan, principal }, needs)
  // 4 settle what follows: which ids lead where, and the levels
  await needs.merges.settleAliases(call, [holder.id, absorbed.id])
  const settled = {
    holder: await settleLevel(call, { ...holder, ...plan.holder }, needs),
    absorbed: await settleLevel(call, { ...absorbed, ...plan.absorbed, mergedInto: null }, needs),
  }
  // 5 an identity that was proven from a third account returns to its side
  if (plan.provenReturnsTo !== null)
    await returnProven(call, { ...locked, ...settled, plan, principal }, needs)
  // 6 announce it to both
  await call.write(...announcementsOf(call, { merge: undone, proof }, needs))
  return { merge: undone, plan, ended: ended.length }
}

interface Planned extends Locked {
  readonly plan: UndoPlan
  readonly principal: SessionPrincipal
}

const closeMerge = async (
  call: Call,
  { merge, proof, own, plan }: Planned,
  needs: UndoMergeNeeds,
): Promise<Merge> => {
  const undoneBy = { accountId: own.id, identityId: proof.id, method: proof.method }
  const undoReport = { restores: plan.restores, stays: plan.stays }
  if (!(await needs.mergeUndos.close(call, merge.id, undoneBy, undoReport)))
    throw new Failure('CONFLICT', 'This merge was undone already.')
  return { ...merge, undoneAt: call.now, undoneBy, undoReport }
}

/**
 * The proven identity returns to its side. An account that has no other way in, because it was made by signing in with
 * it, is merged into that side, so that its id leads there; any other keeps what it has, and the sessions by this identity
 * end. The session goes on only where its level suffices, as for a sign-in: otherwise an undo were a way around the second
 * factor of the side.
 */
const returnProven = async (
  call: Call,
  { merge, holder, absorbed, proof, own, plan, principal }: Planned,
  needs: UndoMergeNeeds,
): Promise<void> => {
  const side = plan.provenReturnsTo === 'absorbed' ? 'absorbed' : 'survivor'
  const home = { absorbed, survivor: holder }[side]
  await needs.restoredRows.takeProven(call, {
    mergeId: merge.id,
    identityId: proof.id,
    accountId: home.id,
    side,
  })
  if ((await needs.mergeUndos.countWaysIn(call, own.id)) > 0) {
    await needs.sessions.end(call, { accountId: own.id, openedBy: [proof.id] })
    // An address that goes cannot stay the primary one.
    if (proof.method === 'email' && own.primaryEmail === proof.subject)
      await needs.accounts.changeByMerge(call, own.id, { primaryEmail: null })
    return
  }
  const shown = {
    identityId: proof.id,
    method: proof.method,
    amr: principal.amr,
    at: principal.authenticatedAt.toISOString(),
  }
  await mergeAccounts(
    call,
    {
      ownId: own.id,
      otherId: home.id,
      survivorId: home.id,
      choices: new Map(),
      proofs: [own.id, home.id].map((accountId) => ({ accountId, ...shown })),
      session: isWeaker(principal.acr, home.level) ? null : { id: principal.sessionId, acr: principal.acr },
    },
    needs,
  )
}

const announcementsOf = (
  call: Call,
  { merge, proof }: { readonly merge: Merge; readonly proof: UndoProof },
  needs: UndoMergeNeeds,
) => {
  const { id, survivor, absorbed, undoReport } = merge
  const ids = [{ from: absorbed, to: survivor }]
  const detail = {
    mergeId: id,
    survivorId: survivor,
    absorbedId: absorbed,
    ids,
    by: proof.method,
    ...undoReport,
  }
  return [survivor, absorbed].flatMap((accountId) =>
    announceAct(call, { action: 'account.unmerged', accountId, detail }, needs),
  )
}
