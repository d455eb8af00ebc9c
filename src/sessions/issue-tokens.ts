// Issues the tokens of a session: an access token and a refresh token.
import type { Call } from '../database/call.js'
import type { AccessTokens } from '../tokens/access-token.js'
import type { KeyRing } from '../tokens/key-ring.js'
import { issueRefreshToken } from './refresh-token.js'
import type { IssuableSession } from './session.js'

/** The tokens that a client gets after a proof or a refresh. */
export interface Tokens {
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  readonly accessTokenExpiresAt: Date
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: Date
  readonly sessionExpiresAt: Date
}

/** What `issueTokens` works with. */
export interface IssueTokensNeeds {
  readonly accessTokens: AccessTokens
  readonly keyRing: KeyRing
  readonly refreshTokenLifetimeSeconds: number
}

/** The `client_id` (RFC 9068) of tokens for Idem's own users. */
const clientId = 'idem'

/** The tokens of a session's current generation. */
export const issueTokens = (call: Call, session: IssuableSession, needs: IssueTokensNeeds): Tokens => {
  const claims = {
    accountId: session.account,
    sessionId: session.id,
    clientId,
    scope: session.scope,
    amr: session.amr,
    acr: session.acr,
    authenticatedAt: session.authenticatedAt,
    absorbedIds: session.absorbedIds,
  }
  const access = needs.accessTokens.issue(claims, call.now, session.expiresAt)
  const refreshExpires = session.refreshedAt.getTime() + needs.refreshTokenLifetimeSeconds * 1000
  return {
    accessToken: access.token,
    tokenType: 'Bearer',
    accessTokenExpiresAt: access.expiresAt,
    refreshToken: issueRefreshToken(needs.keyRing, { sessionId: session.id, generation: session.generation }),
    refreshTokenExpiresAt: new Date(Math.min(refreshExpires, session.expiresAt.getTime())),
    sessionExpiresAt: session.expiresAt,
  }
}
