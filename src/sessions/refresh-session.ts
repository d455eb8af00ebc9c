// Exchanges a refresh token for its successor, once; an older token ends the session (RFC 9700 4.14.2).
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { FromChange } from '../database/row.js'
import { Failure } from '../failure.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Pace } from '../throttle/pace.js'
import { type IssueTokensNeeds, issueTokens, type Tokens } from './issue-tokens.js'
import { type RefreshTokenClaims, verifyRefreshToken } from './refresh-token.js'
import { type IssuableSession, isLive, type Session } from './session.js'
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
 * The next tokens of the session. `UNAUTHENTICATED` if the token is not ours, has expired, or its session is over.
 * `RATE_LIMITED` if the session was refreshed too often; the token stays valid. `REFRESH_REUSED`, which ends the session,
 * if the token is older than the previous one, or is the previous one and the time for a repetition is over.
 */
export const refreshSession = async (
  call: Call,
  token: string,
  needs: RefreshSessionNeeds,
): Promise<Tokens> => {
  // 1 verify the MAC; tries are not counted, because a token cannot be guessed
  const claims = verifyRefreshToken(needs.keyRing, token)
  if (claims === null)
    throw new Failure('UNAUTHENTICATED', 'This is no refresh token of ours. Sign in again.')
  // 2 one UPDATE advances the session if this generation is current and the pace allows it
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
      // The token contains only the session's id; the account is taken from the changed row.
      accountId: new FromChange('account'),
      actorId: new FromChange('account'),
      sessionId: claims.sessionId,
    }),
  )
  // 3 otherwise the token is spent: a repetition within seconds gets the same successor, an older one ends the session
  const session = advanced ?? (await repeated(call, claims, needs))
  // 4 issue the tokens of the new generation
  return issueTokens(call, session, needs)
}

const secondsBefore = (now: Date, seconds: number): Date => new Date(now.getTime() - seconds * 1000)

const repeated = async (
  call: Call,
  claims: RefreshTokenClaims,
  needs: RefreshSessionNeeds,
): Promise<IssuableSession> => {
  const session = await needs.sessions.readIssuable(call, claims.sessionId)
  if (session === null || !isLive(session, call.now) || claims.generation > session.generation)
    throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.')
  if (claims.generation === session.generation) throw currentRefused(call, session, needs)
  const isBeforeCurrent = claims.generation === session.generation - 1
  if (isBeforeCurrent && session.refreshedAt >= secondsBefore(call.now, needs.refreshReplaySeconds))
    return session
  return await endForReuse(call, session, needs)
}

/** The refusal of the current token: it has expired, or the pace does not allow a refresh yet. */
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
  needs.metrics.sessionsEnded.inc({ cause: 'refresh_reused' }, ended.length)
  throw new Failure('REFRESH_REUSED', undefined, { reason: `session ${session.id}` })
}
