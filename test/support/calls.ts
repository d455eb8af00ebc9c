// Functions for the most frequent GraphQL calls, and for reading their answers.
import type { Answer, TestService } from './start-service.js'

/** The tokens of a refresh or a step-up. */
export interface Refreshed {
  readonly accessToken: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: string
  readonly sessionExpiresAt: string
}

/** The code of the first error, or null when there is none. */
export const codeOf = (answer: Answer): string | null => {
  const code = answer.errors[0]?.extensions['code']
  return code === undefined ? null : String(code)
}

/** The data of an answer; asserts that it has no error. */
export const dataOf = (answer: Answer): Answer['data'] => {
  if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors))
  return answer.data
}

/** How often each error code occurs; `ok` counts answers without an error. */
export const tally = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const code = codeOf(answer) ?? 'ok'
    counts[code] = (counts[code] ?? 0) + 1
  }
  return counts
}

/** `count` concurrent tries. */
export const atOnce = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  await Promise.all(Array.from({ length: count }, async (_, index) => await work(index)))

const tokenFields = 'accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt sessionExpiresAt'

/** Exchanges a refresh token. */
export const tryRefresh = async (idem: TestService, refreshToken: string): Promise<Answer> =>
  await idem.ask(
    `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${tokenFields} } }`,
    { input: { refreshToken } },
  )

/** Exchanges a refresh token; asserts success. */
export const refresh = async (idem: TestService, refreshToken: string): Promise<Refreshed> =>
  dataOf(await tryRefresh(idem, refreshToken)).refreshSession

/** Queries `me` and `session`. */
export const askMe = async (idem: TestService, accessToken: string): Promise<Answer> =>
  await idem.askAs(
    accessToken,
    '{ me { id kind handle identities { id method issuer subject label } } session { id } }',
  )

/** Picks a handle. */
export const setHandle = async (idem: TestService, accessToken: string, handle: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($handle: String!) { setHandle(handle: $handle) { id handle } }', {
    handle,
  })

/** Unlinks an identity. */
export const unlink = async (idem: TestService, accessToken: string, id: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($id: ID!) { unlinkIdentity(id: $id) { id identities { id } } }', {
    id,
  })

/** Ends a session of the account by its id. */
export const revoke = async (idem: TestService, accessToken: string, id: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($id: ID!) { revokeSession(id: $id) }', { id })

/** The id of the session of a token. */
export const sessionIdOf = (accessToken: string): string => claimsOf(accessToken)['sid'] as string

/** The claims of a JWT, unchecked. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

/** The header of a JWT or JWE, unchecked. */
export const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

/**
 * Repeats `ask` until it returns true; returns the time that it took, in milliseconds. Fails after
 * `withinMilliseconds`.
 */
export const millisecondsUntil = async (
  withinMilliseconds: number,
  ask: () => Promise<boolean>,
): Promise<number> => {
  const startedAt = performance.now()
  while (!(await ask())) {
    if (performance.now() - startedAt > withinMilliseconds)
      throw new Error(`not so within ${withinMilliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - startedAt
}

/** Waits until a bearer is refused; fails after one second, the guaranteed limit for any process. */
export const untilRefused = async (idem: TestService, accessToken: string): Promise<void> => {
  await millisecondsUntil(1_000, async () => (await askMe(idem, accessToken)).status === 401)
}
