// A refresh token gets its successor, once; whoever shows an older one ends the session (RFC 9700 4.14.2).
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { FromChange } from '../database/row.js'
import { Failure } from '../failure.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Pace } from '../throttle/pace.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from './issue-tokens.js'
import { type RefreshTokenClaims, verifyRefreshToken } from './refresh-token.js'
import { isLive, type Session } from './session.js'
import type { Sessions } from './sessions.js'

/** What `refreshSession` works with. */
export interface RefreshSessionNeeds extends IssueTokensNeeds {
  readonly sessions: Sessions
  readonly auditLog: AuditLog
  readonly metrics: Metrics
  readonly refreshReplaySeconds: number
  readonly refreshPace: Pace
}

/**
 * The next tokens of the session. `UNAUTHENTICATED` when the token is none of ours, has expired, or its session is over;
 * `RATE_LIMITED` when the session was refreshed too often, and the token holds as before;
 * `REFRESH_REUSED` when it is older than the one before the current, or that one too late: the session has ended then.
 */
export const refreshSession = async (
  call: Call,
  token: string,
  needs: RefreshSessionNeeds,
): Promise<Tokens> => {
  // 1 the token is ours: nobody can guess one, so tries are not counted
  const claims = verifyRefreshToken(needs.keyRing, token)
  if (claims === null)
    throw new Failure('UNAUTHENTICATED', 'This is no refresh token of ours. Sign in again.')
  // 2 one UPDATE moves the session on, where this generation is the current one and the pace is kept
  const advanced = await needs.sessions.advance(
    call,
    {
      id: claims.sessionId,
      generation: claims.generation,
      madeAfter: secondsBefore(call.now, needs.refreshTokenLifetimeSeconds),
      pace: needs.refreshPace,
    },
    needs.auditLog.row(call, {
      action: 'session.refreshed',
      // The token names only the session; the account is known to the row that changed.
      accountId: new FromChange('account'),
      actorId: new FromChange('account'),
      sessionId: claims.sessionId,
    }),
  )
  // 3 or else the token is spent: a repeat within seconds gets the same successor, anything older ends the session
  const session = advanced ?? (await repeated(call, claims, needs))
  // 4 the tokens of the new generation
  return await issueTokens(call, session, needs)
}

const secondsBefore = (now: Date, seconds: number): Date => new Date(now.getTime() - seconds * 1000)

const repeated = async (
  call: Call,
  claims: RefreshTokenClaims,
  needs: RefreshSessionNeeds,
): Promise<Session> => {
  const session = await needs.sessions.read(call, claims.sessionId)
  if (session === null || !isLive(session, call.now) || claims.generation > session.generation)
    throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  if (claims.generation === session.generation) throw currentRefused(call, session, needs)
  const isBeforeCurrent = claims.generation === session.generation - 1
  if (isBeforeCurrent && session.refreshedAt >= secondsBefore(call.now, needs.refreshReplaySeconds))
    return session
  return await endForReuse(call, session, needs)
}

/** Why the current token was refused: it has expired, or it comes too early. */
const currentRefused = (call: Call, session: Session, needs: RefreshSessionNeeds): Failure => {
  if (session.refreshedAt <= secondsBefore(call.now, needs.refreshTokenLifetimeSeconds))
    return new Failure('UNAUTHENTICATED', 'The refresh token has expired. Sign in again.')
  const retryAfterSeconds = Math.max(1, needs.refreshPace.waitSeconds(session.refreshesPacedUntil, call.now))
  return new Failure('RATE_LIMITED', undefined, { retryAfterSeconds, reason: `session ${session.id}` })
}

const endForReuse = async (call: Call, session: Session, needs: RefreshSessionNeeds): Promise<never> => {
  const act = { action: 'session.refresh_reused', accountId: session.account, sessionId: session.id } as const
  const ended = await needs.sessions.end(
    call,
    { id: session.id, accountId: session.account },
    needs.auditLog.row(call, act),
  )
  if (ended !== null) needs.metrics.sessionsEnded.inc({ cause: 'refresh_reused' })
  throw new Failure('REFRESH_REUSED', undefined, { reason: `session ${session.id}` })
}
