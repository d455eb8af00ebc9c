// Suspends an account: all its sessions end, and nobody can sign in to it until it is reinstated.

import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Sessions } from '../sessions/sessions.js'
import { parseShownText } from '../text/shown-text.js'
import type { AccountRecord } from './account-record.js'
import { type IsOperatorNeeds, isOperator } from './is-operator.js'
import { type ReadAccountNeeds, readAccount } from './read-account.js'

/** What `suspendAccount` works with. */
export interface SuspendAccountNeeds extends IsOperatorNeeds, ReadAccountNeeds, AnnounceActNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly metrics: Metrics
}

/** The account to suspend, and the reason for the audit log, which its owner does not see. */
export interface Suspension {
  readonly id: string
  readonly reason: string
}

/** Suspends the account to which the id leads. `FORBIDDEN` for an operator's account, also one's own; `CONFLICT` if it is suspended. */
export const suspendAccount = async (
  call: Call,
  { id, reason: raw }: Suspension,
  needs: SuspendAccountNeeds,
): Promise<AccountRecord> => {
  const { accountId: actorId } = requirePrincipal(call.principal)
  const reason = parseShownText(raw, 'reason')
  if (reason === null) throw new Failure('BAD_USER_INPUT', 'Say why, for the audit log.', { field: 'reason' })
  const ended = await call.inTransaction(async (inner) => {
    // A running sign-in locks this row until it commits; its session ends below. A later sign-in finds it suspended.
    const account = await needs.accounts.lockSurvivor(inner, id)
    if (account.id === actorId || (await isOperator(inner, account, needs)))
      throw new Failure('FORBIDDEN', 'An operator cannot be suspended. Take it off the list first.', {
        reason: 'the account is an operator',
      })
    if (account.suspendedAt !== null) throw new Failure('CONFLICT', 'This account is suspended already.')
    const accountId = account.id
    await needs.accounts.changeSuspension(inner, accountId, call.now)
    const endedSessions = (await needs.sessions.end(inner, { accountId })).length
    const act: AuditedAct = { action: 'account.suspended', accountId, detail: { reason, endedSessions } }
    await inner.write(...announceAct(inner, act, needs))
    return endedSessions
  })
  needs.metrics.sessionsEnded.inc({ cause: 'suspended' }, ended)
  return await readAccount(call, id, needs)
}
