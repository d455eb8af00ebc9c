// The reset of a forgotten password, as a client asks for it without a session.
import { dataOf, millisecondsUntil } from './calls.js'
import { codeIn, type Inbox } from './mail-reader.js'
import type { Answer, TestService } from './start-service.js'

/** A challenge of a reset as its asker sees it. */
export interface ResetChallenge {
  readonly id: string
  readonly message: string
  readonly matchCode: string
}

/** The input of a reset. */
export interface ResetInput {
  readonly challengeId: string
  readonly code?: string
  readonly newPassword: string
  readonly deviceSignature?: string
  readonly recoveryCode?: string
}

const issueQuery = `mutation ($address: String!) {
  issueChallenge(input: { email: { address: $address } }, purpose: RESET_PASSWORD) {
    id method purpose status message matchCode delivery retryAfterSeconds expiresAt } }`

/** A password that nobody guesses. */
export const newPassword = 'four quiet grey herons'

/** Asks for the mail of a reset. */
export const askReset = async (idem: TestService, address: string): Promise<ResetChallenge> =>
  dataOf(await idem.ask(issueQuery, { address })).issueChallenge

/** Resets a password. */
export const tryReset = async (idem: TestService, input: ResetInput): Promise<Answer> =>
  await idem.ask(
    'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { id status availableAt } }',
    { input },
  )

/** Does what is answered by a mailed code, and reads that code, whatever else is mailed meanwhile. */
export const withMailedCode = async <T>(
  inbox: Inbox,
  address: string,
  ask: () => Promise<T>,
): Promise<{ readonly asked: T; readonly code: string }> => {
  const codes = async () =>
    (await inbox(address)).map(({ text }) => codeIn(text)).filter((code) => code !== '')
  const before = new Set(await codes())
  const asked = await ask()
  let code: string | undefined
  await millisecondsUntil(20_000, async () => {
    code = (await codes()).find((each) => !before.has(each))
    return code !== undefined
  })
  return { asked, code: code ?? '' }
}

/** Asks for the mail of a reset and reads its code. */
export const mailedCode = async (
  idem: TestService,
  inbox: Inbox,
  address: string,
): Promise<ResetChallenge & { readonly code: string }> => {
  const { asked, code } = await withMailedCode(inbox, address, async () => await askReset(idem, address))
  return { ...asked, code }
}

/** Gives a mailed code and nothing else: begins the wait, or completes it. */
export const resetByMail = async (
  idem: TestService,
  inbox: Inbox,
  address: string,
  password = newPassword,
): Promise<Answer> => {
  const { id, code } = await mailedCode(idem, inbox, address)
  return await tryReset(idem, { challengeId: id, code, newPassword: password })
}

/** Cancels a reset, in a session if one is given. */
export const cancelReset = async (idem: TestService, id: string, accessToken?: string): Promise<Answer> => {
  const query = 'mutation ($id: ID!) { cancelPasswordReset(id: $id) }'
  return accessToken === undefined
    ? await idem.ask(query, { id })
    : await idem.askAs(accessToken, query, { id })
}

/** The reset that a session shows. */
export const shownReset = async (
  idem: TestService,
  accessToken: string,
): Promise<{ id: string; status: string; availableAt: string } | null> =>
  dataOf(await idem.askAs(accessToken, '{ me { passwordReset { id status availableAt } } }')).me.passwordReset
