// Merges two accounts: everything of the absorbed one moves to the survivor, in one transaction that can be undone.
import { type Account, firstLevelOf } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { Acr } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { PasswordResets } from '../password-resets/password-resets.js'
import type { Passwords } from '../passwords/passwords.js'
import type { Metrics } from '../runtime/metrics.js'
import { type SettleLevelNeeds, settleLevel } from '../second-factors/settle-level.js'
import type { Sessions } from '../sessions/sessions.js'
import { decideMerge, type MergeDecision, type MergeSide } from './decide-merge.js'
import {
  type Merge,
  type MergedColumns,
  type MergeField,
  type MergeProof,
  mergedColumnsOf,
  undoableDays,
} from './merge.js'
import type { MergeRows } from './merge-rows.js'
import type { Merges } from './merges.js'

/** What `mergeAccounts` works with. */
export interface MergeAccountsNeeds extends AnnounceActNeeds, SettleLevelNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly passwordResets: PasswordResets
  readonly merges: Merges
  readonly mergeRows: MergeRows
  readonly mergeLimits: { readonly identities: number; readonly devices: number }
  readonly metrics: Metrics
}

/** How control of an account was proven. */
export interface AccountProof extends Omit<MergeProof, 'side'> {
  readonly accountId: string
}

/** Two accounts to merge, and who wishes it. */
export interface MergeRequest {
  readonly ownId: string
  readonly otherId: string
  /** The account that is to survive; null to leave it to the rules. */
  readonly survivorId: string | null
  readonly choices: ReadonlyMap<MergeField, string>
  /** Of both accounts. */
  readonly proofs: readonly AccountProof[]
  /**
   * The session of the own account that merges, with the level of the proofs for the other one: it is carried over if
   * its account is absorbed. Null ends all sessions of the absorbed account.
   */
  readonly session: { readonly id: string; readonly acr: Acr } | null
}

/** A merge that was done, and the survivor as it is now. */
export interface MergedAccounts {
  readonly merge: Merge
  readonly survivor: Account
}

const dayMilliseconds = 86_400_000

/**
 * Merges two accounts of one person. The caller has checked the proofs of both. `agree` is called under the locks with
 * the decision, and may refuse it by throwing. `MERGE_REFUSED` if the two cannot be merged.
 */
export const mergeAccounts = async (
  call: Call,
  request: MergeRequest,
  needs: MergeAccountsNeeds,
  agree: (inner: Call, decision: LockedDecision) => Promise<void> = async () => undefined,
): Promise<MergedAccounts> => {
  const ids = [request.ownId, request.otherId]
  const { ended, ...merged } = await needs.merges.withLocked(call, ids, async (inner, accounts) => {
    const decision = await decisionOf(inner, { accounts, request }, needs)
    await agree(inner, decision)
    return await mergeBy(inner, { request, decision }, needs)
  })
  call.afterCommit(() => needs.metrics.sessionsEnded.inc({ cause: 'account_merged' }, ended))
  return merged
}

/** A decision, with the facts on which it was made. */
export interface LockedDecision extends MergeDecision {
  readonly own: MergeSide
  readonly other: MergeSide
}

const decisionOf = async (
  call: Call,
  { accounts, request }: { readonly accounts: readonly Account[]; readonly request: MergeRequest },
  { merges, mergeLimits: limits }: MergeAccountsNeeds,
): Promise<LockedDecision> => {
  const { ownId, otherId, survivorId, choices } = request
  const sides = await merges.sidesOf(call, accounts)
  const [own, other] = [ownId, otherId].map((id) => sides.find(({ account }) => account.id === id))
  if (own === undefined || other === undefined) throw new Failure('NOT_FOUND', 'No such account.')
  const answer = decideMerge({ own, other, survivorId, choices, limits })
  if (answer.outcome === 'refused') throw new Failure('MERGE_REFUSED', answer.why, { reason: answer.reason })
  return { ...answer, own, other }
}

/** The columns of the survivor that change: what it has not, or what was chosen. */
const changesOf = ({ absorbed, kept }: MergeDecision): Partial<MergedColumns> => ({
  ...(kept.get('HANDLE') === 'absorbed' ? { handle: absorbed.handle } : {}),
  ...(kept.get('DISPLAY_NAME') === 'absorbed' ? { displayName: absorbed.displayName } : {}),
  ...(kept.get('PRIMARY_EMAIL') === 'absorbed' ? { primaryEmail: absorbed.primaryEmail } : {}),
  ...(kept.get('LOCALE') === 'absorbed' ? { locale: absorbed.locale } : {}),
})

interface Decided {
  readonly request: MergeRequest
  readonly decision: LockedDecision
}

const mergeBy = async (
  call: Call,
  { request, decision }: Decided,
  needs: MergeAccountsNeeds,
): Promise<MergedAccounts & { readonly ended: number }> => {
  const { survivor, absorbed } = decision
  const id = needs.random.uuid()
  // 1 record it
  const changed = { ...survivor, ...changesOf(decision) }
  const haveCodes = decision.own.hasRecoveryCodes && decision.other.hasRecoveryCodes
  const journalled = {
    mergeId: id,
    decision,
    lostCodes: haveCodes ? ('absorbed' as const) : null,
    handle: changed.handle,
  }
  const merge = recordOf(call, { id, request, decision, changed })
  await call.write(needs.merges.row(merge))
  // 2 carry the merging session over, end the others of the absorbed account, cancel its waiting reset
  const removed = await needs.mergeRows.noteIdentities(call, journalled)
  const ended = await endSessions(call, { request, decision, removed }, needs)
  // 3 move everything; the handle is taken from the absorbed account first, because it is unique
  await needs.accounts.changeByMerge(call, absorbed.id, { handle: null, mergedInto: survivor.id })
  await needs.accounts.changeByMerge(call, survivor.id, changesOf(decision))
  await needs.mergeRows.moveAll(call, journalled)
  await rebindSession(call, request, needs)
  // 4 settle what follows from it: the level, and which ids lead here
  const settled = await settleLevel(call, changed, needs)
  const [named] = await needs.merges.settleAliases(call, [survivor.id])
  // 5 announce it
  const ids = [{ from: absorbed.id, to: survivor.id }]
  const detail = {
    mergeId: id,
    survivorId: survivor.id,
    absorbedId: absorbed.id,
    rule: merge.rule,
    why: merge.why,
    ids,
    endedSessions: ended,
  }
  await call.write(...announceAct(call, { action: 'account.merged', accountId: survivor.id, detail }, needs))
  return { merge, survivor: { ...settled, ...named }, ended }
}

/** The level of the survivor afterwards, as `settleLevel` computes it from the rows. */
const levelOf = ({ survivor, kept }: MergeDecision): Acr =>
  kept.has('PASSWORD') || kept.has('TOTP') ? 'aal2' : firstLevelOf(survivor.kind)

const recordOf = (
  call: Call,
  { id, request, decision, changed }: Decided & { readonly id: string; readonly changed: Account },
): Merge => {
  const { survivor, absorbed, rule, why, kept } = decision
  const proofs = request.proofs.map(({ accountId, ...proof }): MergeProof => {
    return { side: accountId === survivor.id ? 'survivor' : 'absorbed', ...proof }
  })
  return {
    id,
    survivor: survivor.id,
    absorbed: absorbed.id,
    rule,
    why,
    resolutions: [...kept].map(([field, side]) => ({ field, from: decision[side].id })),
    proofs,
    before: { survivor: mergedColumnsOf(survivor), absorbed: mergedColumnsOf(absorbed) },
    after: { survivor: mergedColumnsOf({ ...changed, level: levelOf(decision) }) },
    mergedAt: call.now,
    undoableUntil: new Date(call.now.getTime() + undoableDays * dayMilliseconds),
    undoneAt: null,
    undoneBy: null,
    undoReport: null,
  }
}

/**
 * Ends what would let somebody act for an account that is no more, or by a password that is no more. The session that
 * merges goes on; it is carried over if its account is absorbed.
 */
const endSessions = async (
  call: Call,
  { request, decision, removed }: Decided & { readonly removed: readonly string[] },
  needs: MergeAccountsNeeds,
): Promise<number> => {
  const { survivor, absorbed, kept } = decision
  const { session, ownId, otherId, proofs } = request
  if (session !== null && ownId === absorbed.id) {
    const amr = proofs.filter(({ accountId }) => accountId === otherId).flatMap((proof) => proof.amr)
    await needs.sessions.carryOver(call, { id: session.id, account: survivor.id, acr: session.acr, amr })
  }
  const ended = await needs.sessions.end(call, { accountId: absorbed.id })
  const except = session === null ? {} : { except: session.id }
  const opened = await needs.sessions.end(call, { accountId: survivor.id, openedBy: removed, ...except })
  await needs.passwordResets.cancel(call, { id: null, accountId: absorbed.id, by: 'merge' })
  if (kept.get('PASSWORD') === 'absorbed')
    await call.write(needs.passwords.spentFirstProofs(call, survivor.id))
  return ended.length + opened.length
}

/** A session whose identity was removed by its own merge goes on, opened by the identity that was proven for it. */
const rebindSession = async (
  call: Call,
  { session, otherId, proofs }: MergeRequest,
  { sessions }: MergeAccountsNeeds,
): Promise<void> => {
  const identityId = proofs.find(({ accountId }) => accountId === otherId)?.identityId ?? null
  if (session !== null && identityId !== null) await sessions.rebindOrphan(call, session.id, identityId)
}
