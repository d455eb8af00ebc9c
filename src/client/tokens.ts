// The tokens of a session: their form, their lifetime, refresh and sign-out.

import { IdemError } from './idem-error.js'
import { type Transport, withBearer } from './transport.js'

/** The tokens of a sign-in or a refresh. The times are the server's, in ISO 8601. */
export interface Tokens {
  readonly accessToken: string
  readonly tokenType: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: string
  readonly sessionExpiresAt: string
}

/** The fields of `Tokens`, for all documents that request them. */
export const tokenFields =
  'accessToken tokenType accessTokenExpiresAt refreshToken refreshTokenExpiresAt sessionExpiresAt'

/** Tokens with the time of their receipt by both clocks, because this machine's clock may be wrong. */
export interface KeptTokens extends Tokens {
  /** By the server's clock, in ISO 8601. */
  readonly issuedAt: string
  /** By this machine's clock, in ISO 8601. */
  readonly receivedAt: string
  /**
   * When a refresh was sent whose answer is unknown, by this machine's clock in ISO 8601; otherwise null. The server
   * may have used up the refresh token; if it is sent again soon, it gets the same successor.
   */
  readonly refreshStartedAt: string | null
}

/** The tokens in the form in which they are stored; `now` is the time of their receipt. */
export const keepTokens = (tokens: Tokens, now: Date): KeptTokens => ({
  ...tokens,
  issuedAt: issuedAtOf(tokens.accessToken),
  receivedAt: now.toISOString(),
  refreshStartedAt: null,
})

/**
 * The `iat` of an access token (RFC 9068 section 2.2), read without verification, which is the task of the service that
 * accepts the token.
 */
const issuedAtOf = (accessToken: string): string => {
  try {
    const payload = accessToken.split('.')[1] ?? ''
    const { iat } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return new Date(iat * 1000).toISOString()
  } catch (cause) {
    throw new IdemError(
      'UNEXPECTED_ANSWER',
      'The access token does not say when it was issued.',
      {},
      { cause },
    )
  }
}

/** An estimate of the server's time: when the tokens were issued, plus the time since their receipt. */
export const serverTime = (tokens: KeptTokens, now: Date): Date =>
  new Date(Date.parse(tokens.issuedAt) + now.getTime() - Date.parse(tokens.receivedAt))

/** Long enough for the following call and for the transfer of the tokens. */
const shortestUsefulLifeMs = 60_000

/**
 * True if the access token is valid for at least another minute. False while a refresh is unanswered, because it should
 * be repeated soon; and if the clock was set back, because the remaining time is then unknown.
 */
export const isFresh = (tokens: KeptTokens, now: Date): boolean => {
  const lifeLeftMs = Date.parse(tokens.accessTokenExpiresAt) - serverTime(tokens, now).getTime()
  const isKnown = tokens.refreshStartedAt === null && now >= new Date(tokens.receivedAt)
  return isKnown && lifeLeftMs >= shortestUsefulLifeMs
}

/**
 * Exchanges a refresh token. The transport must have no bearer, because an expired one would be refused.
 * `REFRESH_REUSED` if the token was used before; the session has then ended.
 */
export const refreshSession = async (transport: Transport, refreshToken: string): Promise<Tokens> => {
  const document = `mutation RefreshSession($input: RefreshSessionInput!) {
    refreshSession(input: $input) { ${tokenFields} }
  }`
  const variables = { input: { refreshToken } }
  const data = await transport.send<{ refreshSession: Tokens }>({ document, variables })
  return data.refreshSession
}

/** Ends the session of the transport's bearer in all processes. */
export const endSession = async (transport: Transport): Promise<void> => {
  await transport.send({ document: 'mutation EndSession { endSession }' })
}

/** Codes that mean that the session has ended, so that no retry can succeed. */
const endOfSession: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'REFRESH_REUSED'])

/** True if the error means that a session has ended. */
export const saysSessionIsOver = (error: unknown): boolean =>
  error instanceof IdemError && endOfSession.has(error.code)

/**
 * Ends the session of stored tokens at the server; refreshes them first if the access token is not valid any more.
 * False if the session had already ended. `transport` has no bearer.
 */
export const endKeptSession = async (transport: Transport, kept: KeptTokens, now: Date): Promise<boolean> => {
  try {
    if (isFresh(kept, now) && (await isEnded(withBearer(transport, kept.accessToken)))) return true
    const { accessToken } = await refreshSession(transport, kept.refreshToken)
    return await isEnded(withBearer(transport, accessToken))
  } catch (error) {
    if (saysSessionIsOver(error)) return false
    throw error
  }
}

/** Ends the session; false if the bearer is refused. */
const isEnded = async (bearer: Transport): Promise<boolean> => {
  try {
    await endSession(bearer)
    return true
  } catch (error) {
    if (error instanceof IdemError && error.code === 'UNAUTHENTICATED') return false
    throw error
  }
}
