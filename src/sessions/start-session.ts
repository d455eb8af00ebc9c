// Starts a session for an account that has just proven who it is.
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import type { Acr } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Session } from './session.js'
import type { Sessions } from './sessions.js'

/** The facts of a sign-in. */
export interface SessionStart {
  readonly accountId: string
  readonly identityId: string
  readonly method: string
  readonly amr: readonly string[]
  readonly acr: Acr
  /** True for a new account, which has no sessions yet. */
  readonly isFirst: boolean
  /** The client's name for its device; null to use its user agent. */
  readonly deviceName: string | null
  /** Whether the account has an address for a notice. */
  readonly isTold: boolean
}

/** What `startSession` works with. */
export interface StartSessionNeeds extends AnnounceActNeeds {
  readonly sessions: Sessions
  readonly sessionLifetimeSeconds: number
}

/**
 * The new session, and its parts for the transaction of the sign-in, which also ends the oldest of too many sessions.
 */
export const startSession = (
  call: Call,
  start: SessionStart,
  needs: StartSessionNeeds,
): { readonly session: Session; readonly parts: readonly Part[] } => {
  const session: Session = {
    id: needs.random.uuid(),
    account: start.accountId,
    identity: start.identityId,
    device: start.deviceName ?? call.source.userAgent,
    amr: [...start.amr],
    acr: start.acr,
    // A session may do everything that its account may; restricted access is for API keys.
    scope: 'all',
    authenticatedAt: call.now,
    startedAt: call.now,
    expiresAt: new Date(call.now.getTime() + needs.sessionLifetimeSeconds * 1000),
    generation: 0,
    refreshedAt: call.now,
    refreshesPacedUntil: null,
    endedAt: null,
  }
  const act: AuditedAct = {
    action: 'session.started',
    accountId: start.accountId,
    actorId: start.accountId,
    sessionId: session.id,
    detail: { method: start.method, identityId: start.identityId },
  }
  const audit = start.isTold ? announceAct(call, act, needs) : [needs.auditLog.row(call, act)]
  const surplus = start.isFirst ? [] : [needs.sessions.endSurplus(call, start.accountId)]
  return { session, parts: [...surplus, needs.sessions.row(session), ...audit] }
}
