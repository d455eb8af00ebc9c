// Authenticates a request: recognises the kind of bearer by its form, with one code path per kind.
import { suspendedFailure } from '../accounts/account.js'
import type { Principal, SessionPrincipal } from '../authorization/principal.js'
import { parseScope } from '../authorization/scope.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Sessions } from '../sessions/sessions.js'
import type { AccessTokenClaims, AccessTokens } from '../tokens/access-token.js'
import { type BelieveBearerNeeds, believeBearer } from './believe-bearer.js'

/** What `authenticateRequest` works with. */
export interface AuthenticateRequestNeeds extends BelieveBearerNeeds {
  readonly accessTokens: AccessTokens
  readonly sessions: Sessions
  readonly isAuthenticationOn: boolean
}

/** RFC 6750 2.1; the scheme's name is case-insensitive (RFC 9110 11.1). */
const bearerForm = /^Bearer +([\w.~+/-]+=*)$/i
/** The scheme as nearly every client spells it. */
const usualScheme = 'Bearer '
/** RFC 4648 4 and 5, padded or not. */
const base64Form = /^[\w+/-]+={0,2}$/
/** Longer bearers are refused before any work, because no token of ours is so long. In characters. */
const longestBearer = 8_192

/**
 * The principal of an `Authorization` header; null without a header. Throws `UNAUTHENTICATED` for an invalid header,
 * which is never treated as a missing one.
 */
export const authenticateRequest = async (
  call: Call,
  authorization: string | undefined,
  needs: AuthenticateRequestNeeds,
): Promise<Principal | null> => {
  if (authorization === undefined) return null
  const known = recall(call, authorization, needs)
  const principal = known
    ? await ofSession(call, known, needs)
    : await principalOf(call, bearerOf(authorization), needs)
  // For every kind of bearer: the account must exist and not be suspended.
  const account = await needs.accounts.find(call, principal.accountId)
  if (account === null)
    throw new Failure('UNAUTHENTICATED', 'The account of this token is gone. Sign in again.', {
      reason: `account ${principal.accountId}`,
    })
  if (account.suspendedAt !== null) throw suspendedFailure('UNAUTHENTICATED', account.id)
  return principal
}

/** The claims of a token that was verified before, whose form needs no check: the common case. */
const recall = (call: Call, authorization: string, { accessTokens }: AuthenticateRequestNeeds) =>
  authorization.startsWith(usualScheme)
    ? accessTokens.recall(authorization.slice(usualScheme.length), call.now)
    : null

const bearerOf = (authorization: string): string => {
  const bearer = authorization.length > longestBearer ? undefined : bearerForm.exec(authorization)?.[1]
  if (bearer === undefined)
    throw new Failure('UNAUTHENTICATED', 'The Authorization header must be "Bearer" and a token.', {
      reason: 'malformed authorization header',
    })
  return bearer
}

/** Chooses the code path by the form of the bearer. */
const principalOf = (call: Call, bearer: string, needs: AuthenticateRequestNeeds): Promise<Principal> => {
  // The parts of a JWT are separated by dots (RFC 7519 3), which base64 does not have.
  if (bearer.includes('.')) return byAccessToken(call, bearer, needs)
  if (!needs.isAuthenticationOn && base64Form.test(bearer)) return believeBearer(call, bearer, needs)
  throw new Failure('UNAUTHENTICATED', 'The bearer token does not hold.', {
    reason: 'bearer of unknown shape',
  })
}

const byAccessToken = async (
  call: Call,
  bearer: string,
  needs: AuthenticateRequestNeeds,
): Promise<SessionPrincipal> => ofSession(call, await needs.accessTokens.verify(bearer, call.now), needs)

const ofSession = async (
  call: Call,
  claims: AccessTokenClaims,
  needs: AuthenticateRequestNeeds,
): Promise<SessionPrincipal> => {
  const session = await needs.sessions.findLive(call, claims.sessionId)
  if (session === null || session.account !== claims.accountId)
    throw new Failure('UNAUTHENTICATED', 'The session of this token is over. Sign in again.', {
      reason: `session ${claims.sessionId}`,
    })
  return {
    kind: 'session',
    accountId: claims.accountId,
    sessionId: claims.sessionId,
    scopes: parseScope(claims.scope),
    amr: claims.amr,
    acr: claims.acr,
    authenticatedAt: claims.authenticatedAt,
  }
}
