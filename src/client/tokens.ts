// The tokens of a session: what they are, how long they serve, how they are renewed and given up.

import type { Transport } from './transport.js'

/** What a sign-in or a refresh hands out. The times are the server's, in ISO 8601. */
export interface Tokens {
  readonly accessToken: string
  readonly tokenType: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: string
  readonly sessionExpiresAt: string
}

/** The fields of `Tokens`, for every document that answers them. */
export const tokenFields =
  'accessToken tokenType accessTokenExpiresAt refreshToken refreshTokenExpiresAt sessionExpiresAt'

/** Enough for the call that follows, and for a clock that is a little off. */
const shortestUsefulLifeMs = 60_000

/** Whether the access token serves for another minute at least. */
export const isFresh = (tokens: Tokens, now: Date): boolean =>
  Date.parse(tokens.accessTokenExpiresAt) - now.getTime() >= shortestUsefulLifeMs

/**
 * The successor of a refresh token. Send it by a transport without a bearer: an expired one would be
 * refused. `REFRESH_REUSED` when the token was spent before: then the session is over.
 */
export const refreshSession = async (transport: Transport, refreshToken: string): Promise<Tokens> => {
  const document = `mutation RefreshSession($input: RefreshSessionInput!) {
    refreshSession(input: $input) { ${tokenFields} }
  }`
  const variables = { input: { refreshToken } }
  const data = await transport.send<{ refreshSession: Tokens }>({ document, variables })
  return data.refreshSession
}

/** Ends the session of the transport's bearer, at once and everywhere. */
export const endSession = async (transport: Transport): Promise<void> => {
  await transport.send({ document: 'mutation EndSession { endSession }' })
}
